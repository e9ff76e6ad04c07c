import { aggregateIdOf, defineProcess } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { type Bank, make, openBank, test } from './process-test.ts';
import { account, request, requestEvents } from './transfers.ts';

const reason = 'in a test';
const INPUTS = 20;

/** Each reminder leads to a command whose input is large, and the last one to the end. */
const heavy = defineProcess({
  name: 'heavy',
  events: [requestEvents],
  starts: ['request.made'],
  correlate: {
    'request.made': ({ streamId }) => aggregateIdOf(streamId),
    'request.reminded': ({ streamId }) => aggregateIdOf(streamId),
  },
  initialState: { reminders: 0 },
  evolve: { 'request.reminded': ({ reminders }) => ({ reminders: reminders + 1 }) },
  react: {
    'request.reminded': ({ reminders }, _input, out) =>
      reminders === INPUTS
        ? out.complete()
        : out.execute(
            account.command.deposit('a', { transferId: `${reminders} ${'x'.repeat(100_000)}`, cents: 1 }),
          ),
    cancelled: (_state, _input, out) => out.complete(),
  },
});

async function pausedWithInputs(connectionString: string, inputs: number) {
  const bank = await openBank(connectionString, [heavy]);
  await bank.execute(account.command.open('a', { cents: 0 }));
  const runner = bank.runner();
  await runner.start();
  await bank.execute(make('1'));
  await until(async () => (await bank.stream('heavy-1')).length === 2);
  await runner.pauseInstance(heavy, '1', { reason });
  for (let n = 0; n < inputs; n += 1) await bank.execute(request.command.remind('1', {}));
  await until(async () => (await bank.stream('heavy-1')).length === 3 + inputs);
  return { bank, runner };
}

const resumesOf = async (bank: Bank) => {
  const events = await collect(bank.store.readStream('heavy-1'));
  return events.filter(({ type }) => type === 'heavy.resumed');
};

describe('a paused instance', () => {
  test('takes what has come meanwhile, also when what follows does not fit in one event', async ({
    connectionString,
  }) => {
    guarantee('paused-instances-lose-nothing');
    const { bank, runner } = await pausedWithInputs(connectionString, INPUTS);
    await using _ = bank;
    await runner.resumeInstance(heavy, '1', { reason });
    expect(await runner.whenEnded(heavy, '1', { timeoutMs: 20_000 })).toMatchObject({ status: 'completed' });
    expect(await bank.balance('a')).toBe(INPUTS - 1);
    const deposits = await collect(bank.store.readStream('account-a'));
    const order = deposits.flatMap(({ type, data }) =>
      type === 'account.deposited' ? [Number.parseInt((data as { transferId: string }).transferId, 10)] : [],
    );
    expect(order).toEqual(Array.from({ length: INPUTS - 1 }, (_one, index) => index + 1));
    expect((await resumesOf(bank)).length).toBeGreaterThan(1);
  });

  test('is paused until the last part of a resume', async ({ connectionString }) => {
    const { bank, runner } = await pausedWithInputs(connectionString, 6);
    await using _ = bank;
    const part = { aggregate: 'heavy', id: '1', name: 'resume', input: { reason } };
    await bank.execute(part);
    expect(await runner.load(heavy, '1')).toMatchObject({
      status: 'paused',
      state: { reminders: 3 },
      deferred: 3,
    });
    await runner.whenCaughtUp(heavy);
    expect(await runner.instances(heavy)).toMatchObject([{ status: 'paused' }]);
    await runner.resumeInstance(heavy, '1', { reason });
    expect(await runner.load(heavy, '1')).toMatchObject({ status: 'running', state: { reminders: 6 } });
  });

  test('is not forked: the inputs that it has not taken would be lost', async ({ connectionString }) => {
    const { bank, runner } = await pausedWithInputs(connectionString, 1);
    await using _ = bank;
    const fork = (atVersion: number) => runner.fork(heavy, '1', { atVersion, newId: 'other', reason });
    await expect(fork(4)).rejects.toMatchObject({ code: 'PROCESS_OPERATION_REFUSED' });
    await expect(fork(1)).rejects.toThrow('nothing follows from its first event');
    await fork(2);
  });
});

test('an instance that has failed is not cancelled, and can be abandoned', async ({ connectionString }) => {
  const failing = defineProcess({
    name: 'failing',
    events: [requestEvents],
    starts: ['request.made'],
    correlate: { 'request.made': ({ streamId }) => aggregateIdOf(streamId) },
    initialState: {},
    react: {
      'request.made': (_state, _input, out) => out.fail('no'),
      cancelled: (_state, _input, out) => out.complete(),
    },
  });
  await using bank = await openBank(connectionString, [failing]);
  const runner = bank.runner();
  await runner.start();
  await bank.execute(make('1'));
  await runner.whenEnded(failing, '1');
  await expect(runner.cancel(failing, '1', { reason })).rejects.toThrow('it has failed; retry it');
  await runner.abandon(failing, '1', { reason: 'it cannot be mended' });
  await runner.whenCaughtUp(failing);
  expect(await runner.whenEnded(failing, '1')).toMatchObject({
    status: 'cancelled',
    failure: 'it cannot be mended',
  });
  await expect(runner.abandon(failing, '1', { reason })).rejects.toMatchObject({
    code: 'PROCESS_OPERATION_REFUSED',
  });
});
