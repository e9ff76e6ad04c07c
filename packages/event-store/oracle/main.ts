import { describe, type OracleReport, runOracle } from './oracle.ts';
import { type OracleOptions, parseOptions, usage } from './options.ts';

const SHOWN = 20;

// Whoever started this process may be killed: then it ends as well.
const orphaned = () => process.exit(1);
if (process.connected) process.on('disconnect', orphaned);

const args = process.argv.slice(2);
if (args.includes('--help')) {
  console.log(usage);
} else {
  const options = parseOptions(args);
  process.exitCode = print(options, await runOracle(options, (line) => console.log(line)));
}
process.off('disconnect', orphaned);
if (process.connected) process.disconnect();

/** @returns the exit code. */
function print(options: OracleOptions, report: OracleReport): number {
  const { acknowledged, refused, undone, unknown } = report.writers;
  console.log(`
Committed: ${report.events} events in ${report.streams} streams, positions up to ${report.lastPosition}, in ${report.seconds.toFixed(0)} s.
Writers:   ${acknowledged} appends acknowledged, ${refused} refused by their expectation, ${undone} rolled back, ${unknown} with an unknown outcome.
Faults:    ${describe(report.faults)}; an unrelated transaction open all along.`);
  for (const [name, events] of report.handled) console.log(`Reader:    ${name.padEnd(24)} ${events} events`);
  for (const violation of report.violations.slice(0, SHOWN)) console.log(`VIOLATION  ${violation}`);
  const more = report.violations.length - SHOWN;
  if (more > 0) console.log(`VIOLATION  ... and ${more} more`);
  if (report.violations.length === 0) {
    console.log(
      'Every reader saw exactly what was committed, in its order; every acknowledged append is in the log, once.',
    );
    return 0;
  }
  console.log(`${report.violations.length} violations. Again with the same choices: --seed ${options.seed}`);
  return 1;
}
