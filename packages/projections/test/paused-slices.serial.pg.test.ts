import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited, journal } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { expireLeases, killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { ProjectionAudit, projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore } from './runner.ts';

const ACCOUNTS = 12;
const patient = { timeoutMs: 20_000 } as const;
const divided = (slices: number) =>
  [
    { ...journal, slices },
    { ...balances, slices },
  ] as const;

/** Runs both projections in two slices, in a process of its own. */
function startWorker(connectionString: string, schema: string): ChildProcess & AsyncDisposable {
  const file = fileURLToPath(new URL('worker.ts', import.meta.url));
  const environment = { WORKER_DATABASE: connectionString, WORKER_SCHEMA: schema, WORKER_SLICES: '2' };
  const worker = spawn(process.execPath, [...typescriptFlags, file], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return Object.assign(worker, { [Symbol.asyncDispose]: () => killProcess(worker) });
}

const appendToAll = async (store: PostgresEventStore, cents: number) => {
  for (let id = 0; id < ACCOUNTS; id += 1) await store.append(`account-${id}`, [deposited(cents)]);
};

describe.skipIf(process.platform === 'win32')(
  'a process that is paused while its slices are divided anew',
  () => {
    test('writes nothing of its batch, and takes its share of the new slices', async ({
      database: { connectionString },
      adminStore: store,
    }) => {
      guarantee('applied-once', 'sliced-projections');
      const formerly = createTestRunner(store, divided(2));
      await formerly.migrate();
      await using worker = startWorker(connectionString, store.schema);
      const projections = divided(3);
      await using elsewhere = openStore(connectionString, { schema: store.schema });
      await using runner = createTestRunner(elsewhere, projections, { owner: 'successor', leaseMs: 1_000 });
      const owners = async () => {
        const slices = (await runner.status()).flatMap((status) => status.slices);
        return { count: slices.length, names: slices.map(({ owner }) => owner?.split('/')[0]) };
      };
      await appendToAll(store, 1);
      await until(
        async () => (await owners()).names.filter((name) => name === 'worker').length === 4,
        patient,
      );
      for (const projection of divided(2)) await runner.whenCaughtUp(projection, patient);

      // Batches of both slices wait for the lock, and go on when their process is paused.
      const tables = projections.map(
        (one) => `"${projectionSchema(store.schema, one)}".${one.tables[0]!.name}`,
      );
      await using locked = await beginTransaction(connectionString);
      await locked.client.query(`lock table ${tables.join(', ')} in exclusive mode`);
      await appendToAll(store, 10);
      await untilBlocked(connectionString, { count: 4 });
      worker.kill('SIGSTOP');
      await locked.rollback();
      await expireLeases(store);

      await runner.start();
      await until(async () => (await owners()).count === 6, patient);
      await appendToAll(store, 100);
      for (const projection of projections) await runner.whenCaughtUp(projection, patient);
      worker.kill('SIGCONT');
      await until(async () => (await owners()).names.includes('worker'), patient);
      await appendToAll(store, 1_000);

      await using audit = new ProjectionAudit({ store: elsewhere, runner, onIncident: () => {} });
      for (const projection of projections) {
        await runner.whenCaughtUp(projection, patient);
        expect(await audit.verify(projection)).toMatchObject({ equal: true });
      }
      const { rows } = await store.pool.query(`select distinct cents::integer, events from ${tables[1]}`);
      expect(rows).toEqual([{ cents: 1_111, events: 4 }]);
      expect((await owners()).count).toBe(6);
      expect((await runner.status()).map(({ state }) => state)).toEqual(['running', 'running']);
    });
  },
);
