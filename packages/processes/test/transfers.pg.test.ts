import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { ProcessInputIgnoredMessage } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { takeOver } from '@leftfold/testbed/faults';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect, onTestFinished } from 'vitest';
import type { ExecuteProcessCommand } from '../src/index.ts';
import { paymentWithin } from './orders.ts';
import { type Bank, make, openBank, test } from './process-test.ts';
import { account, accountEvents, transfer, transferIn } from './transfers.ts';

/** Executes commands, and after one of these does not answer until the runner stops: its process ends there. */
function crashingAfter(bank: Bank, names: readonly string[]) {
  let reached = false;
  const execute: ExecuteProcessCommand = async (command, options) => {
    const result = await bank.executor.execute(command, options);
    const name = 'name' in command ? command.name : '';
    const { type = name } = (command.input ?? {}) as { readonly type?: string };
    if (!names.includes(type)) return result;
    reached = true;
    return new Promise((_, reject) => {
      options.signal?.addEventListener('abort', () => reject(new Error('ended')));
    });
  };
  return { execute, isReached: () => reached };
}

function ignoredInputs(): readonly ProcessInputIgnoredMessage[] {
  const messages: ProcessInputIgnoredMessage[] = [];
  const listener = (message: unknown) => void messages.push(message as ProcessInputIgnoredMessage);
  subscribe('leftfold:process.input.ignored', listener);
  onTestFinished(() => void unsubscribe('leftfold:process.input.ignored', listener));
  return messages;
}

describe('a process', () => {
  test('does what follows from an event, step by step, and ends', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('t-1'));
    expect(await runner.whenEnded(transfer, 't-1')).toMatchObject({
      status: 'completed',
      version: 1,
      summary: '300 cents from a to b',
      failure: undefined,
      streamVersion: 4,
    });
    expect([await bank.balance('a'), await bank.balance('b')]).toEqual([700, 300]);
    expect(await bank.stream('transfer-t-1')).toEqual([
      'transfer.started',
      'transfer.received request.made',
      'transfer.received account.withdrawn',
      'transfer.received account.deposited',
      'transfer.settled',
    ]);
    expect(await runner.status()).toMatchObject([
      { name: 'transfer', instances: [{ version: 1, status: 'completed', count: 1 }] },
    ]);
  });

  test('compensates when a command is rejected', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    await bank.execute(account.command.close('b', {}));
    await bank.execute(make('t-1'));
    expect(await runner.whenEnded(transfer, 't-1')).toMatchObject({
      status: 'failed',
      failure: 'account-closed',
    });
    expect([await bank.balance('a'), await bank.balance('b')]).toEqual([1_000, 0]);
  });

  test('joins the correlation of the event that began it', async ({ bank }) => {
    const runner = bank.runner();
    await runner.start();
    const made = await bank.execute(make('t-1'), 'the-request');
    await runner.whenEnded(transfer, 't-1');
    const correlated = [];
    for await (const { type, metadata } of bank.store.readAll())
      if (metadata.correlationId === 'the-request') correlated.push(type);
    expect(made).toMatchObject({ outcome: 'accepted' });
    expect(correlated).toEqual([
      'request.made',
      'transfer.started',
      'transfer.received',
      'account.withdrawn',
      'transfer.received',
      'account.deposited',
      'transfer.received',
      'transfer.settled',
    ]);
  });

  test.for(['record', 'withdraw', 'request.made', 'account.withdrawn', 'deposit'])(
    'whose process ends after %s does everything once',
    async (step, { bank }) => {
      guarantee('process-commands-once');
      const { execute, isReached } = crashingAfter(bank, [step]);
      const crashing = bank.runner({ execute });
      await crashing.start();
      await bank.execute(make('t-1'));
      if (step !== 'record') await until(isReached);
      await crashing.stop();
      const next = bank.runner();
      await next.start();
      expect(await next.whenEnded(transfer, 't-1')).toMatchObject({ status: 'completed' });
      expect([await bank.balance('a'), await bank.balance('b')]).toEqual([700, 300]);
      expect(await bank.stream('transfer-t-1')).toHaveLength(5);
    },
  );

  test('whose process ends after a rejection does not execute the command again', async ({ bank }) => {
    guarantee('process-commands-once');
    const { execute, isReached } = crashingAfter(bank, ['rejected']);
    const crashing = bank.runner({ execute });
    await crashing.start();
    await bank.execute(make('t-1', 5_000));
    await until(isReached);
    await crashing.stop();
    await bank.execute(account.command.deposit('a', { transferId: 'none', cents: 9_000 }));
    const next = bank.runner();
    await next.start();
    expect(await next.whenEnded(transfer, 't-1')).toMatchObject({ failure: 'insufficient-funds' });
    await next.whenCaughtUp(transfer);
    expect(await bank.balance('a')).toBe(10_000);
  });

  test('that another one went on with meanwhile does not record what became of its command', async ({
    bank,
  }) => {
    guarantee('process-commands-once');
    const gate = new Gate();
    const paused = bank.runner({
      leaseMs: 60_000,
      execute: async (command, options) => {
        const { type } = command.input as { readonly type?: string };
        // It has looked at its lease just before.
        if (type === 'rejected') await gate.pass();
        // A process that was paused knows of no signal yet.
        return bank.executor.execute(command, { ...options, signal: undefined });
      },
    });
    await paused.start();
    await bank.execute(make('t-1', 5_000));
    await gate.reached();
    await bank.execute(account.command.deposit('a', { transferId: 'none', cents: 9_000 }));
    const executed = new Gate();
    const next = bank.runner({
      owner: 'next',
      execute: async (command, options) => {
        const result = await bank.executor.execute(command, options);
        if ('name' in command && command.name === 'withdraw') await executed.pass();
        return result;
      },
    });
    await next.start();
    await takeOver(bank.store, { name: 'transfer', owner: 'next' }, executed.reached());
    gate.open();
    await paused.stop();
    executed.open();
    expect(await next.whenEnded(transfer, 't-1', { timeoutMs: 20_000 })).toMatchObject({
      status: 'completed',
    });
    expect(await bank.stream('transfer-t-1')).toEqual([
      'transfer.started',
      'transfer.received request.made',
      'transfer.received account.withdrawn',
      'transfer.received account.deposited',
      'transfer.settled',
    ]);
  });

  test('that another one went on with meanwhile does not execute what that one has recorded as rejected', async ({
    bank,
  }) => {
    const gate = new Gate();
    let wentOn = () => {};
    const end = new Promise<void>((resolve) => {
      wentOn = resolve;
    });
    const paused = bank.runner({
      leaseMs: 60_000,
      execute: async (command, options) => {
        if (!('name' in command && command.name === 'withdraw'))
          return bank.executor.execute(command, options);
        await gate.pass();
        // A process that was paused knows of no signal yet.
        return bank.executor.execute(command, { ...options, signal: undefined }).finally(wentOn);
      },
    });
    await paused.start();
    await bank.execute(make('t-1', 5_000));
    await gate.reached();
    const next = bank.runner({ owner: 'next' });
    await next.start();
    const ended = next.whenEnded(transfer, 't-1', { timeoutMs: 20_000 });
    await takeOver(bank.store, { name: 'transfer', owner: 'next' }, ended);
    expect(await ended).toMatchObject({ status: 'failed', failure: 'insufficient-funds' });
    await bank.execute(account.command.deposit('a', { transferId: 'none', cents: 9_000 }));
    gate.open();
    await end;
    expect(await bank.balance('a')).toBe(10_000);
    await next.retry(transfer, 't-1', { reason: 'there is money now' });
    await until(async () => (await bank.balance('b')) === 5_000);
    expect(await bank.balance('a')).toBe(5_000);
  });

  test('does not take inputs that do not concern it, and says so', async ({ bank }) => {
    const ignored = ignoredInputs();
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('t-1'));
    await runner.whenEnded(transfer, 't-1');
    const deposit = (transferId: string) => accountEvents.create.deposited({ transferId, cents: 1 });
    for (const id of ['t-1', 'unknown', 'none']) await bank.store.append('account-c', [deposit(id)]);
    await runner.whenCaughtUp(transfer);
    expect(await bank.stream('transfer-t-1')).toHaveLength(5);
    expect(await bank.stream('transfer-unknown')).toEqual([]);
    const input = { process: 'transfer', type: 'account.deposited' };
    expect(ignored.filter(({ id }) => id !== 'none')).toEqual([
      { ...input, id: 't-1', reason: 'ended' },
      { ...input, id: 'unknown', reason: 'not-started' },
    ]);
  });

  test('takes a message once for each command id', async ({ connectionString }) => {
    guarantee('process-inputs-once');
    const payment = paymentWithin();
    await using bank = await openBank(connectionString, [payment]);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    await until(async () => (await runner.instances(payment)).length === 1);
    const paid = payment.message('payments.paid', '1', { cents: 100 });
    expect(await bank.execute(paid, 'message-1')).toMatchObject({ outcome: 'accepted', duplicate: false });
    expect(await bank.execute(paid, 'message-1')).toMatchObject({ outcome: 'accepted', duplicate: true });
    const wrong = payment.message('payments.paid', '1', { cents: 1.5 });
    await expect(bank.execute(wrong)).rejects.toMatchObject({ code: 'INVALID_COMMAND' });
    const late = payment.message('payments.paid', 'unknown', { cents: 1 });
    expect(await bank.execute(late)).toMatchObject({ outcome: 'rejected', reason: 'not-started' });
    const { state } = await runner.load(payment, '1');
    expect(state.log).toEqual(['made', 'paid 100']);
  });

  test('waits for its end, and says when it did not come', async ({ bank }) => {
    const runner = bank.runner();
    await expect(runner.whenEnded(transfer, 't-1', { timeoutMs: 20 })).rejects.toMatchObject({
      code: 'PROCESS_TIMEOUT',
      process: 'transfer',
      instanceId: 't-1',
    });
    await expect(runner.load(transfer, 't-1')).rejects.toMatchObject({ code: 'PROCESS_INSTANCE_NOT_FOUND' });
  });

  test('is one of those that the runner has', async ({ bank }) => {
    const runner = bank.runner();
    const other = { name: 'other' };
    expect(() => runner.instances(other)).toThrow(
      expect.objectContaining({ code: 'SUBSCRIPTION_NOT_FOUND' }),
    );
  });
});

test('500 instances with two runners: every command happens once', { timeout: 240_000 }, async ({
  connectionString,
}) => {
  guarantee('process-commands-once');
  await using bank = await openBank(connectionString, [transferIn(2)]);
  await bank.execute(account.command.open('a', { cents: 100_000 }));
  await bank.execute(account.command.open('b', { cents: 0 }));
  const runners = [bank.runner(), bank.runner()];
  for (const runner of runners) await runner.start();
  const ids = Array.from({ length: 500 }, (_, index) => `t-${index}`);
  await Promise.all(ids.map((id) => bank.execute(make(id, 10))));
  await until(
    async () => {
      const [status] = await runners[0]!.status();
      return (
        status?.instances.some(({ status: one, count }) => one === 'completed' && count === 500) === true
      );
    },
    { timeoutMs: 200_000 },
  );
  expect([await bank.balance('a'), await bank.balance('b')]).toEqual([95_000, 5_000]);
  const counts = new Map<string, number>();
  for await (const { type } of bank.store.readAll()) counts.set(type, (counts.get(type) ?? 0) + 1);
  expect(Object.fromEntries(counts)).toMatchObject({
    'transfer.started': 500,
    'transfer.received': 1_500,
    'transfer.settled': 500,
    'account.withdrawn': 500,
    'account.deposited': 500,
  });
});
