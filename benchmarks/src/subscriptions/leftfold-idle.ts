import { type AnyProjection, defineTableProjection } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner } from '@leftfold/projections';
import { accountEvents } from '../domain/account.ts';
import { freshTable } from '../log/fresh-log.ts';
import type { Workload } from '../run/workload.ts';
import { CountingPool, measureIdle } from './idle.ts';

/** Counts what one process with many projections costs while no events arrive. */
export function leftfoldIdle(name: string, projections: number, slices: number): Workload {
  return {
    name,
    once: true,
    async setup({ server }) {
      const database = await server.createDatabase();
      await freshTable(database);
      const pool = new CountingPool(database.connectionString);
      const store = createEventStore({ events: [accountEvents], pool });
      const definitions = Array.from({ length: projections }, (_, index) => idleProjection(index, slices));
      const runner = createProjectionRunner({ store, projections: definitions });
      await runner.start();
      for (const one of definitions) await runner.whenCaughtUp(one, { timeoutMs: 60_000 });
      return {
        run: () => measureIdle(pool),
        async teardown() {
          await runner.stop();
          await store.close();
          await pool.end();
          await database.drop();
        },
      };
    },
  };
}

function idleProjection(index: number, slices: number): AnyProjection {
  return defineTableProjection({
    name: `idle_${index}`,
    events: [accountEvents],
    columns: { account_id: 'text', entries: 'integer' },
    key: ({ streamId }) => ({ account_id: streamId }),
    initialRow: { entries: 0 },
    slices,
    evolve: { 'account.deposited': (row) => ({ ...row, entries: row.entries + 1 }) },
  });
}
