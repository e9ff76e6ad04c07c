import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import type { Figures } from '../run/workload.ts';

/** Counts what its connections send. The server's own counter includes its autovacuum. */
export class CountingPool extends pg.Pool {
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

/** What this process costs while nothing happens, once it has come to rest. */
export async function measureIdle(pool: CountingPool): Promise<Figures> {
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
}
