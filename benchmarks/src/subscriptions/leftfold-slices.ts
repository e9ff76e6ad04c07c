import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { PostgresEventStore } from '@leftfold/event-store';
import { createProjectionRunner, type ProjectionRunner, projectionSchema } from '@leftfold/projections';
import { accountEvents } from '../domain/account.ts';
import { sealedBalances } from '../domain/sealed-balances.ts';
import { writeEvents } from '../log/fill-log.ts';
import { freshLog } from '../log/fresh-log.ts';
import { logShape } from '../project/log-shape.ts';
import { assertBalances } from '../project/read-model.ts';
import { compileProgram } from '../run/compile-program.ts';
import type { Workload } from '../run/workload.ts';

const wakeUp = accountEvents.create.withdrawn({ cents: 0, reference: '', note: '' });
/** What the processes apply before the time is taken, so that their code is compiled as that of any other workload is. */
const WARM_UP_STREAMS = 100;
const warmUpEvents = Array.from({ length: 50 }, () =>
  accountEvents.create.deposited({ cents: 1, reference: '', note: '' }),
);

/** Time to take the leases and to share them out; a run that needs longer is no measurement. */
const SHARED_MS = 30_000;

/** Measures how fast processes catch up with the two slices of a projection whose fold takes CPU. */
export function leftfoldSlices(name: string, processes: number, events: number): Workload {
  return {
    name,
    async setup({ server }) {
      const program = await compileProgram(new URL('slice-process.ts', import.meta.url));
      const database = await server.createDatabase();
      return {
        async run() {
          await using store = await freshLog(database);
          await store.pool.query(
            `drop schema if exists ${projectionSchema('leftfold', sealedBalances)} cascade`,
          );
          await using watcher = createProjectionRunner({ store, projections: [sealedBalances] });
          await watcher.migrate();
          const children = Array.from({ length: processes }, () =>
            fork(program, [database.connectionString], { execArgv: [] }),
          );
          try {
            await untilShared(watcher, processes);
            const after = await warmUp(store, watcher);
            await writeEvents(database, { ...logShape(events), after });
            const started = performance.now();
            // Nothing has told the processes of events that were written by SQL.
            await store.append('account-wake-up', [wakeUp]);
            await watcher.whenCaughtUp(sealedBalances);
            const seconds = (performance.now() - started) / 1_000;
            await assertBalances(
              database,
              `${projectionSchema('leftfold', sealedBalances)}.sealed_balances`,
              events + WARM_UP_STREAMS * warmUpEvents.length,
            );
            return { eventsPerSecond: events / seconds };
          } finally {
            await Promise.all(children.map(endOf));
          }
        },
        teardown: () => database.drop(),
      };
    },
  };
}

/** @returns the last position that the processes have caught up with */
async function warmUp(store: PostgresEventStore, watcher: ProjectionRunner): Promise<number> {
  const appends = Array.from({ length: WARM_UP_STREAMS }, (_, index) =>
    store.append(`account-warm-up-${index}`, warmUpEvents),
  );
  const positions = (await Promise.all(appends)).map(({ position }) => position);
  await watcher.whenCaughtUp(sealedBalances);
  return Math.max(...positions);
}

/** Resolves when each process leads as many slices as any other. */
async function untilShared(watcher: ProjectionRunner, processes: number): Promise<void> {
  const deadline = performance.now() + SHARED_MS;
  for (;;) {
    const [status] = await watcher.status();
    const owners = status?.slices.map(({ owner }) => owner) ?? [];
    if (!owners.includes(undefined) && new Set(owners).size === processes) return;
    if (performance.now() > deadline) throw new TypeError('the processes did not share the slices');
    await delay(50);
  }
}

async function endOf(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.disconnect();
  await ended;
}
