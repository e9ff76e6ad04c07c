import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fillLog } from '../log/fill-log.ts';
import { assertBalances } from '../project/read-model.ts';
import { compileProgram } from '../run/compile-program.ts';
import type { Workload } from '../run/workload.ts';

const EVENTS = 1_000_000;
const STREAMS = 10_000;

/** Measures the peak resident memory of a process that replays a million events into a read model. */
export function leftfoldReplay(name: string): Workload {
  return {
    name,
    once: true,
    async setup({ server, say }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: EVENTS, streams: STREAMS }, say);
      const program = await compileProgram(new URL('replay-process.ts', import.meta.url));
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
          await assertBalances(database, `leftfold__balances_v${version}.balances`, EVENTS);
          return { rssMb: rssOf(report), eventsPerSecond: EVENTS / seconds };
        },
        teardown: () => database.drop(),
      };
    },
  };
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
