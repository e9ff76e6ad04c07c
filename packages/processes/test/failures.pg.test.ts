import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { afterEach, describe, expect, vi } from 'vitest';
import { paymentWithin } from './orders.ts';
import { make, openBank, test } from './process-test.ts';
import { account, request, requestEvents } from './transfers.ts';

/** Withdraws, and has no function for a rejection. */
function withdrawing(options: { readonly onFailure?: 'stop' | 'park' } = {}) {
  return defineProcess({
    name: 'withdrawing',
    ...options,
    events: [requestEvents],
    retry: { attempts: 2, firstDelayMs: 5 },
    starts: ['request.made'],
    correlate: {
      'request.made': ({ streamId }) => aggregateIdOf(streamId),
      'request.reminded': ({ streamId }) => aggregateIdOf(streamId),
    },
    initialState: { cents: 0, reminded: 0 },
    evolve: {
      'request.made': (state, { data }) => ({ ...state, cents: data.cents }),
      'request.reminded': (state) => ({ ...state, reminded: state.reminded + 1 }),
    },
    react: {
      'request.made': (_state, { data, streamId }, out) => [
        out.execute(account.command.withdraw(data.from, { transferId: streamId, cents: data.cents })),
        out.execute(request.command.remind(aggregateIdOf(streamId), {})),
      ],
      'request.reminded': (_state, _input, out) => out.complete(),
    },
  });
}

describe('an instance', () => {
  test('fails when a command is rejected and its process does not react to that', async ({
    connectionString,
  }) => {
    const process = withdrawing();
    await using bank = await openBank(connectionString, [process]);
    const runner = bank.runner();
    await runner.start();
    await bank.execute(make('1'));
    expect(await runner.whenEnded(process, '1')).toMatchObject({
      status: 'failed',
      failure: 'insufficient-funds',
    });
    await until(async () => (await bank.stream('request-1')).length === 2);
    await bank.execute(account.command.open('a', { cents: 500 }));
    await runner.retry(process, '1', { reason: 'there is money now' });
    await until(async () => (await bank.balance('a')) === 200);
    expect(await bank.stream('request-1')).toEqual(['request.made', 'request.reminded']);
  });

  test('is parked when a command throws, others go on, and it goes on when it is resumed', async ({
    connectionString,
  }) => {
    const process = withdrawing({ onFailure: 'park' });
    await using bank = await openBank(connectionString, [process]);
    await bank.execute(account.command.open('a', { cents: 900 }));
    let isBroken = true;
    const runner = bank.runner({
      execute: async (command, options) => {
        const { transferId } = command.input as { readonly transferId?: string };
        if (isBroken && transferId === 'request-broken') throw new Error('no answer');
        return bank.executor.execute(command, options);
      },
    });
    await runner.start();
    for (const id of ['broken', 'other']) await bank.execute(make(id));
    expect(await runner.whenEnded(process, 'other')).toMatchObject({ status: 'completed' });
    await until(async () => (await runner.parked.list(process)).length === 1);
    // By its name only, and by another version of it: parked keys are those of all versions.
    for (const ref of [process, { name: 'withdrawing' }, { name: 'withdrawing', version: 7 }])
      expect(await runner.parked.list(ref)).toMatchObject([
        { key: 'broken', failure: { message: 'no answer' } },
      ]);
    const waiting = runner.whenEnded(process, 'broken', { timeoutMs: 1 });
    await expect(waiting).rejects.toMatchObject({
      code: 'PROCESS_TIMEOUT',
      message: expect.stringMatching(/it is running, and its events are parked .* see parked\.list\(\)/),
    });
    expect(await bank.balance('a')).toBe(600);
    isBroken = false;
    await runner.parked.resume(process, 'broken');
    expect(await runner.whenEnded(process, 'broken')).toMatchObject({ status: 'completed' });
    expect(await bank.balance('a')).toBe(300);
  });
});

test('an input that does not fit with its envelope is parked', async ({ connectionString }) => {
  const process = withdrawing();
  await using bank = await openBank(connectionString, [process]);
  const runner = bank.runner();
  await runner.start();
  const wanted = { from: 'a', to: 'x'.repeat(1_048_000), cents: 1 };
  await bank.execute(request.command.make('large', wanted));
  await until(async () => (await runner.parked.list(process)).length === 1);
  expect(await runner.parked.list(process)).toMatchObject([
    { key: 'large', failure: { type: 'request.made', message: expect.stringContaining('1048576') } },
  ]);
  expect(await bank.stream('withdrawing-large')).toEqual([]);
});

test('a wait for an instance says that its process is stopped', async ({ connectionString }) => {
  const process = withdrawing({ onFailure: 'stop' });
  await using bank = await openBank(connectionString, [process]);
  const runner = bank.runner({
    execute: async (command, options) => {
      if ('name' in command && command.name === 'withdraw') throw new Error('no answer');
      return bank.executor.execute(command, options);
    },
  });
  await runner.start();
  await bank.execute(make('1'));
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  await expect(runner.whenEnded(process, '1', { timeoutMs: 1 })).rejects.toThrow(
    /did not end within 1 ms: it (is running|has not begun), and process "withdrawing" is stopped at position \d+: .*no answer.*; see status\(\), fix the cause/,
  );
  await expect(runner.whenEnded(process, 'other', { timeoutMs: 1 })).rejects.toThrow('it has not begun');
});

describe('with a clock that is years behind', () => {
  afterEach(() => void vi.useRealTimers());

  test('a deadline is over at its time, by the clock of the database', async ({ connectionString }) => {
    guarantee('deadlines-by-the-database');
    const payment = paymentWithin({ withinMs: 100 });
    const far = paymentWithin({ withinMs: 60_000 });
    vi.useFakeTimers({ toFake: ['Date'], now: new Date('2001-01-01T00:00:00Z') });
    await using bank = await openBank(connectionString, [payment]);
    await using other = await openBank(connectionString, [far]);
    for (const one of [bank, other]) {
      await one.runner().start();
      await one.execute(make('1'));
    }
    await until(async () => (await bank.stream('request-reminders')).length === 1);
    expect(await other.stream('request-reminders')).toEqual([]);
  });
});
