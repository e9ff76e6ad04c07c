import { account, accountEvents } from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidNameError } from '../errors/definition-errors.ts';
import { defineAggregate } from './define-aggregate.ts';
import { Rejection } from './reject.ts';
import { replay } from './replay.ts';

const context = { id: 'acc-1', now: new Date(0), newId: () => 'id-1', metadata: {} };
const unchanged = <TState>(state: TState) => state;
const evolve = { opened: unchanged, deposited: unchanged, withdrawn: unchanged, closed: unchanged };
const history = [
  accountEvents.create.opened({ owner: 'Ada' }),
  accountEvents.create.deposited({ cents: 500 }),
  accountEvents.create.withdrawn({ cents: 200 }),
];

test('state is the left fold of the events over the initial state', () => {
  expect(replay(account, [])).toEqual({ open: false, cents: 0 });
  expect(replay(account, history)).toEqual({ open: true, cents: 300 });
});

test('a fold can start from an earlier state', () => {
  const halfway = replay(account, history.slice(0, 2));
  expect(replay(account, history.slice(2), halfway)).toEqual(replay(account, history));
});

test('a command is plain data and survives JSON', () => {
  const command = account.command.open('acc-1', { owner: 'Ada' });
  expect(command).toStrictEqual({ aggregate: 'account', id: 'acc-1', name: 'open', input: { owner: 'Ada' } });
  expect(JSON.parse(JSON.stringify(command))).toStrictEqual(command);
});

test('a command’s input is not changed before it is executed', () => {
  const parsing = defineAggregate({
    events: accountEvents,
    initialState: {},
    evolve,
    commands: { deposit: { input: z.object({ cents: z.coerce.number<string>() }), decide: () => [] } },
  });
  expect(parsing.command.deposit('acc-1', { cents: '5' }).input).toEqual({ cents: '5' });
});

test('the stream is named after the aggregate and its id', () => {
  expect(account.streamId('acc-1')).toBe('account-acc-1');
  expect(() => account.streamId('')).toThrow(InvalidNameError);
});

describe('deciding', () => {
  test('returns the events of the rule, or its rejection', () => {
    const rich = { open: true, cents: 500 };
    expect(account.decide('withdraw', rich, { cents: 5 }, context)).toMatchObject({
      type: 'account.withdrawn',
      data: { cents: 5 },
    });
    expect(account.decide('withdraw', rich, { cents: 501 }, context)).toEqual(
      new Rejection('insufficient-funds', { missing: 1 }),
    );
    expect(account.decide('close', account.initialState, {}, context)).toEqual([]);
  });

  test('passes the clock, ids and metadata to the rule', () => {
    const order = defineAggregate({
      events: accountEvents,
      initialState: {},
      evolve,
      commands: {
        open: {
          input: z.object({}),
          decide: (_state, _input, emit, { id, now, newId }) =>
            emit.opened({ owner: `${id} ${now.getTime()} ${newId()}` }),
        },
      },
    });
    expect(order.decide('open', {}, {}, context)).toMatchObject({ data: { owner: 'acc-1 0 id-1' } });
  });

  test('throws for an unknown command, also for one named as a property of every object', () => {
    expect(() => account.decide('freeze', account.initialState, {}, context)).toThrow(
      'command "account.freeze" is unknown here',
    );
    expect(() => account.decide('toString', account.initialState, {}, context)).toThrow(
      'command "account.toString" is unknown here',
    );
    expect(account.inputOf('toString')).toBeUndefined();
    expect(account.inputOf('open')).toBeDefined();
    expect(account.commandNames).toEqual(['open', 'deposit', 'withdraw', 'levelTo', 'close']);
  });
});

describe('a decide that does not return events', () => {
  const deciding = (result: () => unknown) =>
    defineAggregate({
      events: accountEvents,
      initialState: {},
      evolve,
      commands: { open: { input: z.object({}), decide: () => result() as [] } },
    });

  test.for<[() => unknown, string]>([
    [() => undefined, 'returned nothing; return an event, a list of events ([] for none), or reject(reason)'],
    [() => null, 'returned null; return an event'],
    [() => false, 'returned false; return an event'],
    [() => ({ cents: 5 }), 'returned an object; return an event'],
    [() => [undefined], 'returned a list with nothing; return an event'],
    [
      () => Promise.reject(new Error('not handled')),
      'returned a promise; it must be synchronous: load what it needs before execute() and pass it in the input of the command, or decide on several aggregates with defineDecision(...)',
    ],
    [() => [Promise.resolve()], 'returned a list with a promise; it must be synchronous'],
  ])('is a typed error that says what to return: %#', ([result, problem]) => {
    expect(() => deciding(result).decide('open', {}, {}, context)).toThrow(
      expect.objectContaining({
        code: 'INVALID_DEFINITION',
        message: expect.stringContaining(`decide of "account.open" ${problem}`),
      }),
    );
  });
});

test('folding an event of another aggregate throws', () => {
  expect(() => account.evolve(account.initialState, { type: 'order.placed', data: {} })).toThrow(
    'event of type "order.placed" is none of those of aggregate "account"',
  );
});

test('a handler that changes the initial state in place throws', () => {
  const careless = defineAggregate({
    events: accountEvents,
    initialState: { open: false },
    evolve: {
      ...evolve,
      opened: (state) => {
        // @ts-expect-error a state is read-only
        state.open = true;
        return state;
      },
    },
    commands: {},
  });
  expect(() => replay(careless, history)).toThrow(TypeError);
  expect(careless.initialState).toEqual({ open: false });
});

test('the state version is 1 by default, and there are no snapshots', () => {
  expect(account).toMatchObject({ stateVersion: 1, snapshots: undefined });
  const often = defineAggregate({
    events: accountEvents,
    initialState: {},
    evolve,
    commands: {},
    stateVersion: 2,
    snapshots: { everyEvents: 100 },
  });
  expect(often).toMatchObject({ stateVersion: 2, snapshots: { everyEvents: 100 } });
});

test('a command name with other characters, or one that JavaScript uses, is refused', () => {
  const attempt = (name: string) => () =>
    defineAggregate({
      events: accountEvents,
      initialState: {},
      evolve,
      commands: { [name]: { input: z.object({}), decide: () => [] } },
    });
  expect(attempt('open it')).toThrow('command name "open it" must begin with a letter');
  expect(attempt('then')).toThrow('command name "then" has a meaning in JavaScript');
});

test('an initial state with a Map is refused, since all aggregates would share it', () => {
  const withMap = () =>
    defineAggregate({
      events: accountEvents,
      initialState: { byOwner: new Map<string, number>() },
      evolve,
      commands: {},
    });
  expect(withMap).toThrow(expect.objectContaining({ code: 'INVALID_DEFINITION' }));
  expect(withMap).toThrow(/aggregate "account" contains a Map.*plain objects/);
});
