import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, deposited } from '@leftfold/testbed/bank';
import { cutConnection } from '@leftfold/testbed/faults';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { ProjectionAudit, projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore } from './runner.ts';

/** A projection with one wrong row, and an audit on a pool of its own. */
async function audited(connectionString: string, served: PostgresEventStore) {
  const runner = createTestRunner(served, [balances]);
  await runner.start();
  for (const id of [1, 2, 3]) await served.append(`account-${id}`, [deposited(id)]);
  await runner.whenCaughtUp(balances);
  const table = `"${projectionSchema(served.schema, balances)}".balances`;
  await served.pool.query(`update ${table} set cents = 7 where account_id = 'account-2'`);
  const store = openStore(connectionString, { schema: served.schema });
  const checking = createTestRunner(store, [balances]);
  const audit = new ProjectionAudit({ store, runner: checking, onIncident: () => {} });
  return {
    store,
    audit,
    [Symbol.asyncDispose]: async () => {
      await audit.close();
      await store.close();
      await runner.stop();
    },
  };
}

const untilReturned = ({ pool }: PostgresEventStore) =>
  until(() => pool.idleCount === pool.totalCount, { message: 'all connections to go back to the pool' });

describe('a repair', () => {
  test.for([
    ['after', '_begin_replay'],
    ['before', '_lock_subscription'],
    ['before', 'lock table'],
    ['after', 'commit'],
  ] as const)(
    'whose connection is cut %s %s fails with a typed error or succeeds, and is made again',
    async ([when, part], { database, adminStore }) => {
      await using checked = await audited(database.connectionString, adminStore);
      const isCut = cutConnection(checked.store, { when, isHere: (text) => text.includes(part) });
      const first = await checked.audit.repair(balances).catch((error: unknown) => error);
      expect(isCut()).toBe(true);
      if (first instanceof Error) expect(first).toMatchObject({ code: 'STORE_UNAVAILABLE' });
      await untilReturned(checked.store);
      await checked.audit.repair(balances);
      expect(await checked.audit.verify(balances)).toMatchObject({ equal: true, rows: 3 });
    },
  );
});
