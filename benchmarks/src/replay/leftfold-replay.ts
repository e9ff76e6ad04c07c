import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { fillLog } from '../log/fill-log.ts';
import { assertBalances } from '../project/read-model.ts';
import type { Workload } from '../run/workload.ts';

const EVENTS = 1_000_000;
const STREAMS = 10_000;
const source = fileURLToPath(new URL('replay-process.ts', import.meta.url));
const program = fileURLToPath(new URL('../../node_modules/.cache/replay-process.js', import.meta.url));

/** Measures the peak resident memory of a process that replays a million events into a read model. */
export function leftfoldReplay(name: string): Workload {
  return {
    name,
    once: true,
    async setup({ server, say }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: EVENTS, streams: STREAMS }, say);
      await compile();
      let version = 0;
      return {
        async run() {
          version += 1;
          const started = performance.now();
          const child = fork(program, [database.connectionString, String(version)], { execArgv: [] });
          const ended: Promise<unknown[]> = once(child, 'exit');
          const reported: Promise<unknown[]> = once(child, 'message');
          reported.catch(() => {});
          const [code] = await ended;
          if (code !== 0) throw new TypeError(`the replaying process ended with exit code ${String(code)}`);
          const [report] = await reported;
          const seconds = (performance.now() - started) / 1_000;
          await assertBalances(database, `leftfold_balances_v${version}.balances`, EVENTS);
          return { rssMb: rssOf(report), eventsPerSecond: EVENTS / seconds };
        },
        teardown: () => database.drop(),
      };
    },
  };
}

/** Compiles to JavaScript, as an application is deployed: a TypeScript loader would add to the measured memory. */
async function compile(): Promise<void> {
  await build({
    entryPoints: [source],
    outfile: program,
    bundle: true,
    format: 'esm',
    platform: 'node',
    target: 'node20',
    conditions: ['@leftfold/source'],
    external: ['kysely', 'pg', 'zod'],
    logLevel: 'error',
  });
}

function rssOf(report: unknown): number {
  if (
    typeof report === 'object' &&
    report !== null &&
    'rssMb' in report &&
    typeof report.rssMb === 'number'
  ) {
    return report.rssMb;
  }
  throw new TypeError('the replaying process did not report its memory');
}
