import { StoreUnavailableError } from '@leftfold/core';
import { account, accountEvents, transfer } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const test = bankTest.extend('openWith', ({ bank }) => async (id: string, cents: number) => {
  await bank.execute(account.command.open(id, { owner: 'Ada' }));
  if (cents > 0) await bank.execute(account.command.deposit(id, { cents }));
  return bank;
});

describe('a repeated command', () => {
  test('returns its first result when it could be decided again', async ({ store, openWith }) => {
    const bank = await openWith('twice', 0);
    const command = account.command.deposit('twice', { cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'deposit-5' }));
    await bank.execute(account.command.deposit('twice', { cents: 1 }));
    const again = await bank.execute(command, { commandId: 'deposit-5' });
    expect(again).toEqual({ ...first, duplicate: true });
    expect(await recordedOf(store, 'account-twice')).toHaveLength(3);
  });

  test('returns its first result when it would be rejected now', async ({ store, openWith }) => {
    guarantee('commands-take-effect-once');
    const bank = await openWith('emptied', 5);
    const command = account.command.withdraw('emptied', { cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'withdraw-5' }));
    for (const executor of [bank, openBank(store)]) {
      expect(await executor.execute(command, { commandId: 'withdraw-5' })).toEqual({
        ...first,
        duplicate: true,
      });
    }
  });

  test('returns its first result when it would change nothing now', async ({ openWith }) => {
    const bank = await openWith('levelled', 0);
    const command = account.command.levelTo('levelled', { cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'level-5' }));
    expect(await bank.execute(command, { commandId: 'level-5' })).toEqual({ ...first, duplicate: true });
  });

  test('returns its first result when its decision would throw now', async ({ store, openWith }) => {
    await openWith('thrower', 5);
    const aggregate = {
      ...account,
      decide: (...input: Parameters<typeof account.decide>) => {
        if (input[1].cents === 0) throw new RangeError('empty');
        return account.decide(...input);
      },
    };
    const bank = createCommandExecutor({ store, aggregates: [aggregate] });
    const command = account.command.withdraw('thrower', { cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'throw-5' }));
    expect(await bank.execute(command, { commandId: 'throw-5' })).toEqual({ ...first, duplicate: true });
    await expect(bank.execute(command)).rejects.toThrow(RangeError);
  });

  test('returns its first result despite an outdated expectedVersion', async ({ openWith }) => {
    const bank = await openWith('matched', 0);
    const command = account.command.deposit('matched', { cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'match-1', expectedVersion: 1 }));
    expect(await bank.execute(command, { commandId: 'match-1', expectedVersion: 1 })).toEqual({
      ...first,
      duplicate: true,
    });
  });

  test('over several aggregates returns its first result', async ({ store, openWith }) => {
    const bank = await openWith('giver', 5);
    await openWith('taker', 0);
    const command = transfer.command({ from: 'giver', to: 'taker', cents: 5 });
    const first = accepted(await bank.execute(command, { commandId: 'transfer-5' }));
    expect(first.streamVersions).toEqual({ from: 3, to: 2 });
    for (const executor of [bank, openBank(store)]) {
      expect(await executor.execute(command, { commandId: 'transfer-5' })).toEqual({
        ...first,
        duplicate: true,
      });
    }
  });

  test('that was rejected is decided again: a rejection is not recorded', async ({ openWith }) => {
    const bank = await openWith('later', 0);
    const command = account.command.withdraw('later', { cents: 5 });
    expect(await bank.execute(command, { commandId: 'later-5' })).toMatchObject({ outcome: 'rejected' });
    await bank.execute(account.command.deposit('later', { cents: 5 }));
    const result = await bank.execute(command, { commandId: 'later-5' });
    expect(result).toMatchObject({ outcome: 'accepted', duplicate: false });
  });
});

describe('a command id', () => {
  test('costs no round trip when the command is new', async ({ store, openWith }) => {
    await openWith('cheap', 0);
    const watched = new WatchedStore(store);
    await openBank(watched).execute(account.command.deposit('cheap', { cents: 1 }), { commandId: 'cheap-1' });
    expect(watched.calls).toEqual(['readStream', 'append']);
  });

  test('of another stream is an error, and nothing is appended', async ({ store, openWith }) => {
    const bank = await openWith('one', 5);
    await openWith('other', 0);
    await bank.execute(account.command.withdraw('one', { cents: 5 }), { commandId: 'taken' });
    const reused = { code: 'COMMAND_ID_REUSED', message: expect.stringContaining('"taken"') };
    const deposit = account.command.deposit('other', { cents: 1 });
    await expect(bank.execute(deposit, { commandId: 'taken' })).rejects.toMatchObject(reused);
    const rejected = account.command.withdraw('other', { cents: 1 });
    await expect(bank.execute(rejected, { commandId: 'taken' })).rejects.toMatchObject(reused);
    expect(await recordedOf(store, 'account-other')).toHaveLength(1);
  });

  test('of another command to the stream is an error, and nothing is appended', async ({
    store,
    openWith,
  }) => {
    const bank = await openWith('same', 5);
    await bank.execute(account.command.withdraw('same', { cents: 1 }), { commandId: 'same-id' });
    const deposit = account.command.deposit('same', { cents: 1 });
    await expect(bank.execute(deposit, { commandId: 'same-id' })).rejects.toMatchObject({
      code: 'COMMAND_ID_REUSED',
    });
    expect(await recordedOf(store, 'account-same')).toHaveLength(3);
  });

  test('with another input is an error, and with the same fields in another order is not', async ({
    store,
    openWith,
  }) => {
    const bank = await openWith('input', 5);
    const deposit = account.command.deposit('input', { cents: 1 });
    await bank.execute(deposit, { commandId: 'input-1' });
    const reused = { code: 'COMMAND_ID_REUSED', retryable: false, commandId: 'input-1' };
    for (const command of [
      account.command.deposit('input', { cents: 2 }),
      account.command.withdraw('input', { cents: 1 }),
    ])
      await expect(bank.execute(command, { commandId: 'input-1' })).rejects.toMatchObject(reused);
    expect(await bank.execute(deposit, { commandId: 'input-1' })).toMatchObject({ duplicate: true });
    expect(await recordedOf(store, 'account-input')).toHaveLength(3);
  });

  test('of an older release, whose events have no fingerprint, is a duplicate', async ({
    store,
    openWith,
  }) => {
    const bank = await openWith('older', 5);
    await store.append('account-older', [accountEvents.create.deposited({ cents: 1 })], {
      commandId: 'older-1',
      metadata: { command: 'account.deposit' },
    });
    const again = bank.execute(account.command.deposit('older', { cents: 2 }), { commandId: 'older-1' });
    expect(await again).toMatchObject({ outcome: 'accepted', duplicate: true });
  });

  test('that an event was given by hand is an error, and nothing is appended', async ({
    store,
    openWith,
  }) => {
    guarantee('commands-take-effect-once');
    const bank = await openWith('by-hand', 5);
    await store.append('account-by-hand', [
      { ...accountEvents.create.deposited({ cents: 1 }), id: 'by-hand-1:1' },
    ]);
    await expect(
      bank.execute(account.command.deposit('by-hand', { cents: 1 }), { commandId: 'by-hand-1' }),
    ).rejects.toMatchObject({ code: 'COMMAND_ID_REUSED', commandId: 'by-hand-1' });
    expect(await recordedOf(store, 'account-by-hand')).toHaveLength(3);
  });

  test('that is a prefix of another one is not confused with it', async ({ openWith }) => {
    const bank = await openWith('prefix', 5);
    await bank.execute(account.command.withdraw('prefix', { cents: 5 }), { commandId: 'job:1' });
    const rejected = await bank.execute(account.command.withdraw('prefix', { cents: 5 }), {
      commandId: 'job',
    });
    expect(rejected).toMatchObject({ outcome: 'rejected' });
  });
});

describe('when the answer of the database is lost', () => {
  test('the command is retried and recorded once, without a command id', async ({ store, openWith }) => {
    guarantee('lost-answers');
    await openWith('lost', 5);
    const watched = new WatchedStore(store);
    watched.afterAppend = async () => {
      watched.afterAppend = async () => {};
      throw new StoreUnavailableError('connection lost');
    };
    const result = await openBank(watched).execute(account.command.withdraw('lost', { cents: 5 }));
    expect(result).toMatchObject({ outcome: 'accepted', duplicate: false, streamVersion: 3, attempts: 2 });
    expect(await recordedOf(store, 'account-lost')).toHaveLength(3);
  });

  test('ids requested by decide are the same when it is called again', async ({ store, openWith }) => {
    await openWith('ids', 0);
    const asked: string[] = [];
    const aggregate = {
      ...account,
      decide: (...input: Parameters<typeof account.decide>) => {
        asked.push(`${input[3].newId()} ${input[3].newId()} ${input[3].now.toISOString()}`);
        return account.decide(...input);
      },
    };
    const watched = new WatchedStore(store);
    const other = openBank(store);
    watched.beforeAppend = async () => {
      watched.beforeAppend = async () => {};
      await other.execute(account.command.deposit('ids', { cents: 1 }));
    };
    const bank = createCommandExecutor({ store: watched, aggregates: [aggregate] });
    await bank.execute(account.command.deposit('ids', { cents: 1 }));
    expect(asked).toHaveLength(2);
    expect(asked[1]).toBe(asked[0]);
    expect(new Set(asked[0]?.split(' ')).size).toBe(3);
  });

  test('permanently, the error reaches the caller after a few attempts', async ({ store }) => {
    const watched = new WatchedStore(store);
    const error = new StoreUnavailableError('gone');
    watched.beforeAppend = () => Promise.reject(error);
    const bank = openBank(watched);
    const commands = Array.from({ length: 20 }, () =>
      bank.execute(account.command.deposit('gone', { cents: 1 })),
    );
    for (const outcome of await Promise.allSettled(commands))
      expect(outcome).toMatchObject({ reason: error });
    expect(watched.count('append')).toBe(60);
    await expect(bank.execute(account.command.deposit('gone', { cents: 1 }), { retry: false })).rejects.toBe(
      error,
    );
    expect(watched.count('append')).toBe(61);
  });
});
