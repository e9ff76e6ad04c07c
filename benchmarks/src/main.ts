import { writeFileSync } from 'node:fs';
import { judge } from './goals/goal.ts';
import { goals } from './goals/goals.ts';
import { select } from './goals/selection.ts';
import { groupsAt } from './groups.ts';
import { type Options, readOptions, usage } from './options.ts';
import { aboutLines, describeRun } from './report/about.ts';
import { goalTable } from './report/goal-table.ts';
import { toJson } from './report/json.ts';
import { peerTable } from './report/peer-table.ts';
import { publish } from './report/publish.ts';
import { workloadTable } from './report/workload-table.ts';
import { interleave } from './run/interleave.ts';
import { fullPace, quickPace } from './run/pace.ts';
import { Results } from './run/results.ts';
import { type DatabaseServer, openServer } from './server/database-server.ts';
import { readDurableSettings } from './server/server-settings.ts';
import { openStockServer } from './server/stock-server.ts';

const options = readOptions(process.argv.slice(2));
if (options === 'help') console.log(usage);
else process.exitCode = await bench(options);

/** @returns the exit code: 1 when a workload failed. A missed goal or an unavailable peer is not a failure. */
async function bench({ quick, only, json, publish: publishes }: Options): Promise<number> {
  const pace = quick ? quickPace : fullPace;
  const selection = select(only, {
    goals: goals.filter(({ fullOnly }) => pace.full || fullOnly !== true),
    groups: groupsAt(pace),
  });
  if (selection.groups.length === 0) {
    console.error(`No goal or workload has a name that begins with "${only}".\n\n${usage}`);
    return 1;
  }
  const started = performance.now();
  const say = (line: string) => {
    const seconds = ((performance.now() - started) / 1_000).toFixed(0).padStart(4);
    console.error(`${seconds} s  ${line}`);
  };

  await using server = await openServer(process.env['DATABASE_URL']);
  await using stockServer = await openStockServer(process.env);
  stopOnSignals([server, stockServer]);
  const about = describeRun(
    server.description,
    await readDurableSettings(server.connectionString),
    pace,
    new Date(),
  );
  console.log(aboutLines(about).join('\n'));
  const results = new Results();
  for (const group of selection.groups) await interleave(group, { server, stockServer, pace, say }, results);

  const verdicts = selection.goals
    .map((goal) => judge(goal, results))
    .filter((verdict) => verdict !== undefined);
  for (const table of [goalTable(verdicts), peerTable(results), workloadTable(results)]) {
    if (table.length > 0) console.log(`\n${table.join('\n')}`);
  }
  if (json !== undefined) writeFileSync(json, toJson(about, verdicts, results));
  if (publishes) publish(about, verdicts, results);
  return [...results.missing.values()].some(({ failure }) => failure) ? 1 : 0;
}

/** Drops the databases of the run when a signal ends the process. */
function stopOnSignals(servers: readonly (DatabaseServer | undefined)[]): void {
  const stop = async (code: number) => {
    // The running workload loses its database and throws.
    process.on('uncaughtException', () => {});
    for (const server of servers) await server?.[Symbol.asyncDispose]();
    process.exit(code);
  };
  process.once('SIGINT', () => void stop(130));
  process.once('SIGTERM', () => void stop(143));
}
