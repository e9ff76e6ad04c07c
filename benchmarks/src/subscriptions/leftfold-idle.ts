import { setTimeout as delay } from 'node:timers/promises';
import { type AnyProjection, defineTableProjection } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner } from '@leftfold/projections';
import pg from 'pg';
import { accountEvents } from '../domain/account.ts';
import { freshTable } from '../log/fresh-log.ts';
import type { Workload } from '../run/workload.ts';

/** Counts what its connections send. The server's own counter includes its autovacuum. */
class CountingPool extends pg.Pool {
  statements = 0;

  constructor(connectionString: string) {
    super({ connectionString });
    this.on('connect', (client) => {
      const send = client.query.bind(client) as (...given: unknown[]) => unknown;
      Object.assign(client, {
        query: (...given: unknown[]) => {
          this.statements += 1;
          return send(...given);
        },
      });
    });
  }
}

const SETTLE_MS = 3_000;
const MEASURED_MS = 10_000;

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
        async run() {
          await delay(SETTLE_MS);
          const before = pool.statements;
          const cpu = process.cpuUsage();
          await delay(MEASURED_MS);
          const { user, system } = process.cpuUsage(cpu);
          const seconds = MEASURED_MS / 1_000;
          return {
            statementsPerSecond: (pool.statements - before) / seconds,
            cpuPercent: ((user + system) / 1e6 / seconds) * 100,
          };
        },
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
