import { createEventStore } from '@leftfold/event-store';
import { account, balances } from '@leftfold/testbed/bank';
import { TcpProxy } from '@leftfold/testbed/faults';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { startBank, test } from './app-test.ts';

test('a query whose connection goes silent fails, and its connection is closed', async ({ database }) => {
  await using writer = await startBank(database.connectionString);
  const { token } = await writer.execute(account.command.open('silent', { owner: 'Ada' }));
  await writer.query(balances, { atLeast: token }).execute();
  await using proxy = await TcpProxy.start(database.connectionString);
  await using app = await createApp({
    database: { url: proxy.connectionString, answerTimeoutMs: 1_000, listen: false, maxConnections: 1 },
    aggregates: [account],
    projections: [balances],
    subscriptions: { run: false },
  });
  const queries = [
    () => app.query(balances).execute(),
    () => app.query(balances, { atLeast: token }).execute(),
    () => collect(app.query(balances).stream()),
  ];
  for (const query of queries) {
    await query();
    // A stream gives its connection back a little later.
    await until(async () => app.store.pool.idleCount === 1, { message: 'the connection is back' });
    proxy.stall();
    expect(await failureOf(query())).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
    expect(app.store.pool.totalCount).toBe(0);
    await proxy.restore();
  }
  expect(await app.query(balances).execute()).toHaveLength(1);
});

test.for(['own', 'given'] as const)(
  'an app on its %s pool closes within its limit, though the database is silent',
  async (which, { database }) => {
    await using proxy = await TcpProxy.start(database.connectionString);
    const { connectionString } = proxy;
    await using lender = createEventStore({ connectionString, events: [], maxConnections: 3 });
    const connection = which === 'own' ? { maxConnections: 3 } : { pool: lender.pool };
    const app = await startBank(connectionString, {
      database: { ...connection, answerTimeoutMs: 1_000 },
      subscriptions: { leaseMs: 300 },
    });
    const id = `closing-${which}`;
    await app.execute(account.command.open(id, { owner: 'Ada' }));
    proxy.stall();
    const running = app.execute(account.command.deposit(id, { cents: 1 })).catch(() => {});
    const began = performance.now();
    await app.close();
    expect(performance.now() - began).toBeLessThan(10_000); // a third of the default
    expect(app.store.closed).toBe(true);
    // Without it, the attempt on the given pool would wait for a connection until the pool's own limit.
    await proxy.restore();
    await running;
  },
);
