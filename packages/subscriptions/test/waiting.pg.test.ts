import { tokenOf } from '@leftfold/core';
import { beginTransaction } from '@leftfold/testbed/database';
import { TcpProxy } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { expect } from 'vitest';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, noted, openStore, ownerOf, recorder } from './recorder.ts';

test('calls that wait share few statements, and leave connections to leases and batches', async ({
  processUrl,
  store,
}) => {
  const gate = new Gate();
  await using small = openStore(processUrl, { schema: store.schema, maxConnections: 4 });
  const subscription = recorder(small, 'recorder', { onEvent: () => gate.pass() });
  await using runner = createRunner(small, [subscription], { owner: 'small', leaseMs: 300 });
  await runner.start();
  const { events } = await store.append('counter-1', [
    added(1),
    ...Array.from({ length: 1_499 }, () => noted),
  ]);
  await gate.reached();

  let statements = 0;
  small.pool.on('acquire', () => {
    statements += 1;
  });
  const tokens = events.map(tokenOf);
  const waiting = Promise.all([...tokens, ...tokens].map((token) => runner.waitFor(subscription, token)));
  const lost = tokenOf({ position: 1, id: 'another' });
  expect(await failureOf(runner.waitFor(subscription, lost))).toMatchObject({ code: 'LOG_REWOUND' });
  expect(await ownerOf(small, 'recorder')).toBe('small');
  gate.open();
  await waiting;
  // For the checks before and after the wait of 3,000 calls, and those of the lease and the batch.
  expect(statements).toBeLessThan(100);
});

test('a call ends when its signal aborts, also while the database is silent', async ({
  processUrl,
  store,
}) => {
  await using proxy = await TcpProxy.start(processUrl);
  await using silent = openStore(proxy.connectionString, { schema: store.schema, listen: false });
  const subscription = recorder(silent, 'recorder');
  const runner = createRunner(silent, [subscription]);
  await runner.migrate();
  const { events } = await store.append('counter-1', [added(1)]);
  proxy.stall();
  const ending = new AbortController();
  const waiting = failureOf(
    runner.waitFor(subscription, tokenOf(events.at(-1)), { timeoutMs: 60_000, signal: ending.signal }),
  );
  const reason = new Error('the caller has gone');
  ending.abort(reason);
  expect(await waiting).toBe(reason);
  await proxy.restore();
});

test('a call for the end of the log waits for what is committed, also while an older append is in flight', async ({
  connectionString,
  adminStore: store,
}) => {
  const subscription = recorder(store, 'recorder');
  await using runner = createRunner(store, [subscription]);
  await runner.start();
  await using held = await beginTransaction(connectionString);
  await store.append('counter-older', [added(1)], { transaction: held.client });
  await store.append('counter-newer', [added(2)]);
  expect(await store.highWaterMark()).toBe(0);
  expect(await failureOf(runner.whenCaughtUp(subscription, { timeoutMs: 300 }))).toMatchObject({
    code: 'SUBSCRIPTION_TIMEOUT',
  });
  await held.commit();
  await runner.whenCaughtUp(subscription);
  expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
});

test('a call for the end of the log ends at its timeout, or its signal, also without a connection', async ({
  processUrl,
  store,
}) => {
  await using small = openStore(processUrl, { schema: store.schema, maxConnections: 1 });
  const subscription = recorder(small, 'recorder');
  const runner = createRunner(small, [subscription]);
  await runner.migrate();
  const gate = new Gate();
  const holding = small.inTransaction(() => gate.pass());
  await gate.reached();
  expect(await failureOf(runner.whenCaughtUp(subscription, { timeoutMs: 50 }))).toMatchObject({
    code: 'SUBSCRIPTION_TIMEOUT',
    reached: undefined,
  });
  const reason = new Error('the caller has gone');
  const ending = new AbortController();
  const waiting = failureOf(runner.whenCaughtUp(subscription, { signal: ending.signal }));
  ending.abort(reason);
  expect(await waiting).toBe(reason);
  gate.open();
  await holding;
});
