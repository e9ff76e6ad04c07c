import { constants } from 'node:os';
import { parseOptions, type Request, usageOf } from './options.ts';
import { createProgress } from './progress.ts';
import { runOracle } from './run-oracle.ts';
import { subjects } from './subjects/index.ts';
import { toVerdict } from './verdict.ts';

// The process that started this one may be killed: then this one ends as well.
const endWithParent = () => process.exit(1);
if (process.connected) process.on('disconnect', endWithParent);
// An orderly exit removes the temporary folder.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(signal, () => process.exit(128 + constants.signals[signal]));
}

const args = process.argv.slice(2);
if (args.includes('--help')) console.log(usageOf(subjects));
else process.exitCode = await main().catch(report);
process.off('disconnect', endWithParent);
if (process.connected) process.disconnect();

/** @returns the exit code */
async function main(): Promise<number> {
  const request = readRequest();
  if (request === undefined) return 2;
  const { violations, summary } = await runOracle(
    request.subject,
    request,
    (line) => console.log(line),
    (seconds) => createProgress(seconds, process.stdout),
  );
  const { exitCode, lines } = toVerdict(request.subject, request, violations);
  console.log(['', ...summary, ...lines].join('\n'));
  return exitCode;
}

function readRequest(): Request | undefined {
  try {
    return parseOptions(args, subjects);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${usageOf(subjects)}`);
    return undefined;
  }
}

/** A run that ended with an error says nothing about the subject. */
function report(error: unknown): number {
  console.error(error);
  return 2;
}
