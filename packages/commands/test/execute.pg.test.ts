import { tracingChannel } from 'node:diagnostics_channel';
import { StoreUnavailableError, InvalidArgumentError, tokenOf } from '@leftfold/core';
import { account } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

describe('a command', () => {
  test('that is accepted returns its events, the new version and a token', async ({ bank, store }) => {
    const opened = await bank.execute(account.command.open('plain', { owner: 'Ada' }));
    const [event] = await recordedOf(store, 'account-plain');
    expect(opened).toMatchObject({ outcome: 'accepted', streamVersion: 1, duplicate: false, attempts: 1 });
    expect(opened.token).toBe(tokenOf(event));
    expect(accepted(opened).events).toEqual([event]);
  });

  test('that is rejected returns reason, details and token, and appends nothing', async ({ bank, store }) => {
    guarantee('rejections-append-nothing');
    const opened = await bank.execute(account.command.open('poor', { owner: 'Ada' }));
    const rejected = await bank.execute(account.command.withdraw('poor', { cents: 5 }));
    expect(rejected).toMatchObject({
      outcome: 'rejected',
      reason: 'insufficient-funds',
      details: { missing: 5 },
      streamVersion: 1,
      token: opened.token,
    });
    expect(() => accepted(rejected)).toThrow(
      expect.objectContaining({ code: 'COMMAND_REJECTED', reason: 'insufficient-funds' }),
    );
    expect(await recordedOf(store, 'account-poor')).toHaveLength(1);
  });

  test('without events is accepted, with the token of what it was based on', async ({ bank }) => {
    await bank.execute(account.command.open('level', { owner: 'Ada' }));
    const raised = await bank.execute(account.command.levelTo('level', { cents: 7 }));
    const kept = await bank.execute(account.command.levelTo('level', { cents: 7 }));
    expect(kept).toMatchObject({ outcome: 'accepted', events: [], streamVersion: 2, token: raised.token });
  });

  test('with invalid input throws a typed error naming the field, before any read', async ({ store }) => {
    guarantee('invalid-input');
    const watched = new WatchedStore(store);
    const bank = openBank(watched);
    await expect(bank.execute(account.command.deposit('x', { cents: -1 }))).rejects.toMatchObject({
      code: 'INVALID_COMMAND',
      command: 'account.deposit',
      message: expect.stringContaining('input.cents: '),
    });
    expect(watched.calls).toEqual([]);
  });

  test('that is not defined throws a typed error that lists the defined ones', async ({ bank }) => {
    const unknown = { aggregate: 'account', id: 'x', name: 'rob', input: {} };
    expect(() => bank.parseCommand(unknown)).toThrow(
      expect.objectContaining({
        code: 'UNKNOWN_COMMAND',
        message: expect.stringContaining('"account.withdraw"'),
      }),
    );
    expect(() => bank.parseCommand({ decision: 'rob', ids: {}, input: {} })).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_COMMAND', message: expect.stringContaining('"transfer"') }),
    );
    expect(() => bank.parseCommand({ aggregate: 'account' })).toThrow(
      expect.objectContaining({
        code: 'INVALID_COMMAND',
        message: expect.stringContaining('id: must be a string'),
      }),
    );
  });

  test('parsed from JSON is executed like any other', async ({ bank }) => {
    const sent = JSON.stringify(account.command.open('queued', { owner: 'Ada' }));
    const result = await bank.execute(bank.parseCommand(JSON.parse(sent)));
    expect(result).toMatchObject({ outcome: 'accepted', command: 'account.open' });
  });

  test('with an id that is empty or contains NUL throws a typed error', async ({ bank }) => {
    await expect(bank.execute(account.command.open('', { owner: 'Ada' }))).rejects.toMatchObject({
      code: 'INVALID_NAME',
    });
    const command = account.command.open('x', { owner: 'Ada' });
    await expect(bank.execute(command, { commandId: 'a\u0000' })).rejects.toMatchObject({
      code: 'INVALID_NAME',
    });
  });
});

describe('what is thrown', () => {
  const failing = (state: 'decide' | 'evolve', error: Error) => ({
    ...account,
    decide: (...input: Parameters<typeof account.decide>) => {
      if (state === 'decide') throw error;
      return account.decide(...input);
    },
    evolve: (...input: Parameters<typeof account.evolve>) => {
      if (state === 'evolve') throw error;
      return account.evolve(...input);
    },
  });

  test('by decide reaches the caller unchanged, and nothing is appended', async ({ store }) => {
    const error = new RangeError('not mine');
    const aggregate = failing('decide', error);
    const bank = createCommandExecutor({ store, aggregates: [aggregate] });
    const command = account.command.open('throws', { owner: 'Ada' });
    await expect(bank.execute(command)).rejects.toBe(error);
    expect(await recordedOf(store, 'account-throws')).toEqual([]);
  });

  test('by evolve on the new events reaches the caller, and nothing is appended', async ({ store }) => {
    const error = new RangeError('cannot fold');
    const bank = createCommandExecutor({ store, aggregates: [failing('evolve', error)] });
    await expect(bank.execute(account.command.open('unfoldable', { owner: 'Ada' }))).rejects.toBe(error);
    expect(await recordedOf(store, 'account-unfoldable')).toEqual([]);
  });

  test('by a decision is not retried, even when it looks like a store error', async ({ store }) => {
    const error = new StoreUnavailableError('from a decision');
    const watched = new WatchedStore(store);
    const bank = createCommandExecutor({ store: watched, aggregates: [failing('decide', error)] });
    await expect(bank.execute(account.command.open('looks', { owner: 'Ada' }))).rejects.toBe(error);
    expect(watched.calls).toEqual(['readStream']);
  });
});

describe('time travel', () => {
  test('loads the state at a version, at a position and at an instant', async ({ bank }) => {
    await bank.execute(account.command.open('past', { owner: 'Ada' }));
    const first = accepted(await bank.execute(account.command.deposit('past', { cents: 10 })));
    const instant = new Date((first.events[0]?.recordedAt.getTime() ?? 0) + 1);
    await until(() => Date.now() > instant.getTime() + 1);
    await bank.execute(account.command.deposit('past', { cents: 5 }));

    const early = {
      state: { open: true, cents: 10 },
      streamVersion: 2,
      position: first.events[0]!.position,
      token: first.token,
      exists: true,
    };
    expect(await bank.load(account, 'past', { atVersion: 2 })).toEqual(early);
    expect(await bank.load(account, 'past', { atPosition: early.position })).toEqual(early);
    expect(await bank.load(account, 'past', { atTime: instant })).toEqual(early);
    expect(await bank.load(account, 'past')).toMatchObject({ state: { cents: 15 }, streamVersion: 3 });
  });

  test('before the first event returns the initial state and exists: false', async ({ bank }) => {
    await bank.execute(account.command.open('born', { owner: 'Ada' }));
    const place = { streamVersion: 0, position: 0, token: tokenOf(undefined) };
    const unborn = { state: account.initialState, ...place, exists: false };
    expect(await bank.load(account, 'born', { atVersion: 0 })).toEqual(unborn);
    expect(await bank.load(account, 'born', { atTime: new Date(0) })).toEqual(unborn);
    expect(await bank.load(account, 'nobody')).toEqual(unborn);
  });

  test('beyond the last event returns the current state; bad moments are errors', async ({ bank }) => {
    await bank.execute(account.command.open('now', { owner: 'Ada' }));
    expect(await bank.load(account, 'now', { atVersion: 99 })).toMatchObject({ streamVersion: 1 });
    await expect(bank.load(account, 'now', { atVersion: -1 })).rejects.toThrow(InvalidArgumentError);
    const atTime = new Date(Number.NaN);
    await expect(bank.load(account, 'now', { atTime })).rejects.toThrow(InvalidArgumentError);
  });

  test('does not change the cache: the next command decides on the newest state', async ({ bank }) => {
    await bank.execute(account.command.open('again', { owner: 'Ada' }));
    await bank.load(account, 'again', { atVersion: 0 });
    const rejected = await bank.execute(account.command.open('again', { owner: 'Ada' }));
    expect(rejected).toMatchObject({ outcome: 'rejected', reason: 'account-already-open' });
  });
});

test('a closed executor rejects commands, and close waits for running ones', async ({ bank, store }) => {
  const running = bank.execute(account.command.open('last', { owner: 'Ada' }));
  await bank.close();
  expect(await recordedOf(store, 'account-last')).toHaveLength(1);
  await expect(running).resolves.toMatchObject({ outcome: 'accepted' });
  await expect(bank.execute(account.command.deposit('last', { cents: 1 }))).rejects.toMatchObject({
    code: 'CLOSED',
  });
});

test('an execution is published on the channel leftfold:execute, without its input', async ({ bank }) => {
  const messages: unknown[] = [];
  const channel = tracingChannel('leftfold:execute');
  const subscriber = {
    start: (message: object) => messages.push({ ...message }),
    asyncEnd: (message: object) => messages.push({ ...message }),
    error: () => messages.push('error'),
  };
  const handlers = { end: () => {}, asyncStart: () => {}, ...subscriber };
  channel.subscribe(handlers);
  try {
    await bank.execute(account.command.open('traced', { owner: 'Ada' }), { commandId: 'traced-1' });
    await bank.execute(account.command.withdraw('traced', { cents: 5 }), { commandId: 'traced-2' });
    await expect(bank.execute(account.command.open('', { owner: 'Ada' }))).rejects.toThrow('id of account');
  } finally {
    channel.unsubscribe(handlers);
  }
  const opened = { command: 'account.open', commandId: 'traced-1' };
  const withdrawn = { command: 'account.withdraw', commandId: 'traced-2' };
  expect(messages.slice(0, 4)).toEqual([
    opened,
    expect.objectContaining({ ...opened, outcome: 'accepted', attempts: 1, duplicate: false }),
    withdrawn,
    expect.objectContaining({ ...withdrawn, outcome: 'rejected', reason: 'insufficient-funds', attempts: 1 }),
  ]);
  expect(messages).toContain('error');
  expect(JSON.stringify(messages)).not.toContain('Ada');
});
