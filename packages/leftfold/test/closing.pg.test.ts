import { account, deposited, movements } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { startBank } from './app-test.ts';

const test = databaseTest();

const answerTimeoutMs = 500;
const appendTo = (streamId: string) =>
  `select * from leftfold.append('${streamId}', '[{"type":"account.opened","data":{"owner":"Ada"}}]')`;

test.for(['a pool of its own', 'a pool of the caller'])(
  'nothing is appended after close() has resolved, on %s',
  async (kind, { ownDatabase: { connectionString }, ownPool }) => {
    guarantee('nothing-after-close');
    const pool = kind === 'a pool of its own' ? undefined : ownPool;
    const app = await startBank(connectionString, { database: { answerTimeoutMs: 2_000, pool } });
    await app.execute(account.command.open('held', { owner: 'Bob' }));
    await using other = await beginTransaction(connectionString);
    await other.client.query(appendTo('account-held'));
    const calls = [
      failureOf(app.execute(account.command.deposit('held', { cents: 1 }))),
      failureOf(app.store.append('account-held', [deposited(1)])),
    ];
    await untilBlocked(other.client);
    // The command is tried again before the limit of close() is over, and waits beyond it.
    await pause(1_000);
    await app.close();
    await pause(500);
    await other.rollback();
    await pause(500);
    for (const failure of await Promise.all(calls))
      expect(['CLOSED', 'STORE_UNAVAILABLE']).toContain((failure as { code: unknown }).code);
    const { rows } = await ownPool.query(`select count(*)::int as events from leftfold.events`);
    expect(rows).toEqual([{ events: 1 }]);
  },
);

test('close() leaves no connection of its own pool and opens none, in a silent network too', async ({
  database,
}) => {
  guarantee('nothing-after-close');
  await using proxy = await TcpProxy.start(database.connectionString);
  const schema = 'silent';
  const app = await startBank(proxy.connectionString, { schema, database: { answerTimeoutMs } });
  await app.execute(account.command.open('1', { owner: 'Ada' }));
  proxy.stall();
  const calls = [
    failureOf(app.execute(account.command.deposit('1', { cents: 1 }))),
    failureOf(app.load(account, '1')),
    failureOf(app.projections.whenCaughtUp(movements)),
  ];
  await app.close();
  expect(app.store.pool.totalCount).toBe(0);
  for (const failure of await Promise.all(calls)) expect(failure).toMatchObject({ code: expect.any(String) });
  await proxy.restore();
  await until(() => proxy.connectionCount === 0);
  await pause(1_500); // longer than the listener's pause before it connects again
  expect(proxy.connectionCount).toBe(0);
});
