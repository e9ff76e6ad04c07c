import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited } from '@leftfold/testbed/bank';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { ProjectionAudit, projectionSchema, type Repair, type Verification } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

/** Sessions that wait for a lock. */
async function blockedSessions({ db }: PostgresEventStore): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select count(*)::integer as count from pg_stat_activity
     where datname = current_database() and wait_event_type = 'Lock'`.execute(db);
  return rows[0]?.count ?? 0;
}

test.for([
  ['verify', 'replaying'],
  ['repair', 'again'],
] as const)(
  '%s waits for what serves, when that is reset after the replay',
  async ([call, phase], { adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
    await runner.start();
    for (const id of [1, 2, 3]) await store.append(`account-${id}`, [deposited(id)]);
    await runner.whenCaughtUp(balances);
    const { schema } = store;
    const table = `"${projectionSchema(schema, balances)}".balances`;
    if (call === 'repair') await store.pool.query(`update ${table} set cents = 7 where cents = 2`);
    await store.pool.query(`select "${schema}"._pause_subscription('balances', 1)`);
    const lock = await store.pool.connect();
    await lock.query('begin');
    let locked: Promise<unknown> | undefined;
    const onProgress = (progress: { readonly phase: string }) => {
      if (progress.phase !== phase) return;
      locked ??= lock.query(`select from "${schema}".subscriptions where name = 'balances' for update`);
    };
    const called: Promise<Verification | Repair> = audit[call](balances, { onProgress });
    called.catch(() => {});
    await until(async () => (await blockedSessions(store)) === 1, { timeoutMs: 20_000 });
    await locked;
    await lock.query(`truncate ${table}`);
    await lock.query(`update "${schema}".subscriptions set position = 0 where name = 'balances'`);
    await lock.query('commit');
    lock.release();
    await store.pool.query(`select "${schema}"._resume_subscription('balances', 1)`);
    expect(await called).toMatchObject(call === 'verify' ? { equal: true, position: 3 } : { position: 3 });
    expect((await rowsOf<{ cents: number }>(store, balances)).map(({ cents }) => cents)).toEqual([1, 2, 3]);
  },
);
