import { getEventListeners } from 'node:events';
import { account } from '@leftfold/testbed/bank';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { openBank, recordedOf, test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const deposit = (id: string) => account.command.deposit(id, { cents: 1 });
const notAppended = { code: 'COMMAND_ABORTED', retryable: true, outcome: 'not-appended' };

test('a command whose signal has aborted asks the store for nothing', async ({ store }) => {
  const watched = new WatchedStore(store);
  await using bank = openBank(watched);
  const reason = new Error('the client has gone');
  const aborted = bank.execute(deposit('never'), { commandId: 'never', signal: AbortSignal.abort(reason) });
  expect(await failureOf(aborted)).toMatchObject({ ...notAppended, commandId: 'never', cause: reason });
  await bank.close();
  expect(watched.calls).toEqual([]);
});

test('a command that is queued ends when its signal aborts, and appends nothing later', async ({ store }) => {
  const watched = new WatchedStore(store);
  await using bank = openBank(watched);
  const gate = new Gate();
  watched.beforeAppend = () => gate.pass();
  const first = bank.execute(deposit('queued'));
  const controller = new AbortController();
  const { signal } = controller;
  const queued = Array.from({ length: 20 }, () => failureOf(bank.execute(deposit('queued'), { signal })));
  expect(getEventListeners(signal, 'abort')).toHaveLength(1);
  controller.abort();
  for (const failure of await Promise.all(queued)) expect(failure).toMatchObject(notAppended);
  gate.open();
  expect(await first).toMatchObject({ streamVersion: 1 });
  expect(await bank.execute(deposit('queued'))).toMatchObject({ streamVersion: 2 });
  expect(watched.count('append')).toBe(2);
});

test('a command that has decided appends nothing when its signal aborts before', async ({ store }) => {
  const watched = new WatchedStore(store);
  const bank = openBank(watched);
  const controller = new AbortController();
  const read = watched.readStream.bind(watched);
  watched.readStream = (...given) => {
    queueMicrotask(() => controller.abort());
    return read(...given);
  };
  const aborted = bank.execute(deposit('decided'), { signal: controller.signal });
  expect(await failureOf(aborted)).toMatchObject(notAppended);
  await bank.close();
  expect(watched.count('append')).toBe(0);
});

test('a pause before the next attempt ends when the signal aborts', async ({ store, otherStore }) => {
  const watched = new WatchedStore(store);
  const bank = openBank(watched);
  const controller = new AbortController();
  watched.beforeAppend = async () => {
    await openBank(otherStore).execute(deposit('paused'));
  };
  const append = watched.append.bind(watched);
  // The answer is a conflict, and the pause begins.
  watched.append = (...given) => append(...given).finally(() => setImmediate(() => controller.abort()));
  const retry = { firstDelayMs: 3_600_000, maxDelayMs: 3_600_000 };
  const aborted = bank.execute(deposit('paused'), { retry, signal: controller.signal });
  expect(await failureOf(aborted)).toMatchObject(notAppended);
  await bank.close();
  expect(await recordedOf(store, 'account-paused')).toHaveLength(1);
});

test('a command that waits for its turn ends when its signal aborts, and leaves no lock', async ({
  bank,
  store,
  otherStore,
  appUrl,
}) => {
  guarantee('locked-decisions');
  await bank.execute(plan.command({ courseId: 'turn', seats: 9 }));
  const events = [courseEvents.create.subscribed({ courseId: 'turn', studentId: 'other' })];
  const append = { streamId: 'course-turn', events };
  const watched = new WatchedStore(store);
  watched.beforeAppend = async () => {
    await otherStore.append('course-turn', events);
  };
  const controller = new AbortController();
  const lockForAppend = watched.lockForAppend!;
  let holder: AsyncDisposable | undefined;
  watched.lockForAppend = async (...given) => {
    const lock = await otherStore.lockForAppend([append]);
    holder = lock;
    await lock.readForDecision({ tags: ['course:turn'] });
    void untilBlocked(appUrl).then(() => controller.abort());
    return lockForAppend(...given);
  };
  const waiting = openBank(watched);
  const command = subscribe.command({ courseId: 'turn', studentId: 'mine' });
  expect(await failureOf(waiting.execute(command, { signal: controller.signal }))).toMatchObject(notAppended);
  await holder?.[Symbol.asyncDispose]();
  await waiting.close();
  expect(watched.calls.slice(-2)).toEqual(['append', 'lockForAppend']);
  expect(await recordedOf(store, 'course-turn')).toHaveLength(2);
  // No lock is left for which the exclusive one of a condition would wait.
  await using writer = await beginTransaction(appUrl);
  await writer.client.query('set local lock_timeout = 1');
  const condition = { failIfMatch: { tags: ['course:turn'] as const } };
  const conditioned = store.append('course-turn', events, { transaction: writer.client, condition });
  expect(await failureOf(conditioned)).toMatchObject({ code: 'APPEND_CONDITION_FAILED' });
});

test('of an append that was sent the outcome is unknown, and the command id finds it', async ({ store }) => {
  const watched = new WatchedStore(store);
  const bank = openBank(watched);
  const controller = new AbortController();
  const gate = new Gate();
  watched.afterAppend = () => {
    controller.abort();
    return gate.pass();
  };
  const aborted = await failureOf(bank.execute(deposit('sent'), { signal: controller.signal }));
  expect(aborted).toMatchObject({ code: 'COMMAND_ABORTED', retryable: true, outcome: 'unknown' });
  const { commandId } = aborted as { commandId: string };
  gate.open();
  expect(await bank.execute(deposit('sent'), { commandId })).toMatchObject({
    outcome: 'accepted',
    duplicate: true,
  });
  expect(await recordedOf(store, 'account-sent')).toHaveLength(1);
});
