import { AssertionError } from 'node:assert';
import {
  defineAggregate,
  defineEvents,
  type NewEvent,
  type NewEventOf,
  replay,
  schemaVersions,
} from '@leftfold/core';
import { account, accountEvents, deposited, opened, withdrawn } from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { given } from './given.ts';

const { command } = account;

const same = (state: object) => state;
const keep = { opened: same, deposited: same, withdrawn: same, closed: same };

/** An aggregate whose events contain what a decision is given: the id, the time and new ids. */
const register = defineAggregate({
  events: accountEvents,
  initialState: {},
  evolve: keep,
  commands: {
    open: {
      input: z.object({ owner: z.string() }),
      decide: (_state, { owner }, emit, { id, newId, now }) =>
        emit.opened({ owner, note: `${id} ${newId()} ${now.toISOString()}` }, { tags: [`owner:${owner}`] }),
    },
  },
});

describe('given, when, then', () => {
  test('passes when exactly these events were decided on', () => {
    given(account, [opened, deposited(500)])
      .when(command.withdraw('acc-1', { cents: 200 }))
      .then([withdrawn(200)])
      .thenState({ open: true, cents: 300 });
    expect.assertions(0);
  });

  test('starts with an aggregate without a history', () => {
    const outcome = given(account).when(command.open('acc-1', { owner: ' Ada ' }));
    expect(outcome.events).toMatchObject([{ type: 'account.opened', data: { owner: 'Ada' } }]);
    expect(outcome.state).toEqual({ open: true, cents: 0 });
    expect(outcome.rejection).toBeUndefined();
  });

  test('decides at a fixed time and with counted ids, so that events can be compared', () => {
    const event = accountEvents.create.opened(
      { owner: 'Ada', note: 'acc-1 id-1 2000-01-01T00:00:00.000Z' },
      { tags: ['owner:Ada'] },
    );
    const opening = given(register);
    opening.when(register.command.open('acc-1', { owner: 'Ada' })).then([event]);
    opening.when(register.command.open('acc-1', { owner: 'Ada' })).then([event]);
    expect.assertions(0);
  });

  test('takes time and ids from the test when they are given', () => {
    const options = { now: new Date('2026-01-02T03:04:05Z'), newId: () => 'mine' };
    const { events } = given(register, [], options).when(register.command.open('acc-1', { owner: 'Ada' }));
    expect(events).toMatchObject([{ data: { note: 'acc-1 mine 2026-01-02T03:04:05.000Z' } }]);
  });

  test('fails as execute does when an event has an id of its own', () => {
    const careless = defineAggregate({
      events: accountEvents,
      initialState: {},
      evolve: keep,
      commands: {
        open: {
          input: z.object({ owner: z.string() }),
          decide: (_state, input, _emit, { newId }) => [
            accountEvents.create.opened(input),
            accountEvents.create.opened(input, { id: newId() }),
          ],
        },
      },
    });
    const opening = given(careless);
    expect(() => opening.when(careless.command.open('acc-1', { owner: 'Ada' }))).toThrow(
      'id of event "account.opened" must be left out',
    );
  });

  test('asserts a rejection, with or without its details', () => {
    const outcome = given(account, [opened]).when(command.withdraw('acc-1', { cents: 5 }));
    outcome.thenRejected('insufficient-funds').thenState({ open: true, cents: 0 });
    outcome.thenRejected('insufficient-funds', { missing: 5 });
    expect(outcome.events).toEqual([]);
  });

  test('asserts that nothing happened', () => {
    given(account).when(command.close('acc-1', {})).thenNothing().thenState({ open: false, cents: 0 });
    expect.assertions(0);
  });

  test('shows the state after a history', () => {
    const history = given(account, [opened, deposited(5)]);
    history.thenState({ open: true, cents: 5 });
    expect(history.state).toEqual({ open: true, cents: 5 });
  });
});

describe('a version that is read before it is written', () => {
  const upcast = ({ name }: { readonly name: string }) => ({ owner: name });
  const events = defineEvents('ship', {
    named: schemaVersions(z.object({ name: z.string() }))
      .written()
      .next(z.object({ owner: z.string() }), upcast),
  });
  const owners: readonly string[] = [];
  const ship = defineAggregate({
    events,
    initialState: { owners },
    evolve: { named: (state, { owner }) => ({ owners: [...state.owners, owner] }) },
    commands: {
      rename: {
        input: z.object({ name: z.string() }),
        decide: (_state, { name }, emit) => emit.named({ name }),
      },
    },
  });
  const one = events.create.named({ name: 'one' });
  const two = { type: 'ship.named', schemaVersion: 2, data: { owner: 'two' } } as const;

  test('may be in the history, and is not what is decided on', () => {
    given(ship, [one, two])
      .when(ship.command.rename('a', { name: 'three' }))
      .then([events.create.named({ name: 'three' })])
      .thenState({ owners: ['one', 'two', 'three'] });
    expect.assertions(0);
  });

  test('is validated in a history, and refused as a decision', () => {
    const lost: unknown = { ...two, data: { name: 'two' } };
    expect(() => given(ship, [lost as typeof two])).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT', schemaVersion: 2 }),
    );
    const early = defineAggregate({
      events,
      initialState: ship.initialState,
      evolve: { named: (state) => state },
      commands: { rename: { input: z.object({}), decide: () => two as never } },
    });
    expect(() => given(early).when(early.command.rename('a', {}))).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_EVENT', schemaVersion: 2 }),
    );
  });

  test('replaying new events gives the state in the shape that is read', () => {
    expect(replay(ship, [one, two])).toEqual({ owners: ['one', 'two'] });
  });
});

test('a history may have events of older schema versions', () => {
  const events = defineEvents('ship', {
    named: schemaVersions(z.object({ name: z.string() })).next(
      z.object({ owner: z.string() }),
      ({ name }) => ({
        owner: name,
      }),
    ),
  });
  const ship = defineAggregate({
    events,
    initialState: { owner: '' },
    evolve: { named: (_state, { owner }) => ({ owner }) },
    commands: {},
  });
  const old: NewEvent = { type: 'ship.named', schemaVersion: 1, data: { name: 'Ada' } };
  given(ship, [old as NewEventOf<typeof events>]).thenState({ owner: 'Ada' });
  expect.assertions(0);
});

describe('what was not expected', () => {
  const withdraw = (cents: number) =>
    given(account, [opened, deposited(500)]).when(command.withdraw('acc-1', { cents }));

  test.each<[string, () => unknown, string]>([
    ['other events', () => withdraw(200).then([withdrawn(201)]), 'account.withdraw decided on other events'],
    [
      'events where none were expected',
      () => withdraw(200).then([]),
      'account.withdraw decided on other events',
    ],
    ['events instead of nothing', () => withdraw(200).thenNothing(), 'account.withdraw decided on events'],
    [
      'events instead of a rejection',
      () => withdraw(200).thenRejected('insufficient-funds'),
      'account.withdraw was not rejected: it decided on account.withdrawn',
    ],
    [
      'a rejection instead of events',
      () => withdraw(501).then([withdrawn(501)]),
      'account.withdraw was rejected: insufficient-funds {"missing":1}',
    ],
    [
      'a rejection instead of nothing',
      () => withdraw(501).thenNothing(),
      'account.withdraw was rejected: insufficient-funds {"missing":1}',
    ],
    [
      'another rejection',
      () => withdraw(501).thenRejected('account-already-open'),
      'account.withdraw was rejected for another reason',
    ],
    [
      'a rejection with other details',
      () => withdraw(501).thenRejected('insufficient-funds', { missing: 2 }),
      'account.withdraw was rejected with other details',
    ],
    [
      'another state',
      () =>
        withdraw(200)
          .then([withdrawn(200)])
          .thenState({ open: true, cents: 299 }),
      'the state after account.withdraw is another one',
    ],
    [
      'another state of the history',
      () => given(account, [opened]).thenState({ open: false, cents: 0 }),
      'the state of "account" is another one',
    ],
  ])('%s: is an assertion error that says so', (_what, work, message) => {
    expect(work).toThrow(AssertionError);
    expect(work).toThrow(message);
  });

  test('may not be one event instead of a list', () => {
    // @ts-expect-error JavaScript may pass one event
    expect(() => withdraw(200).then(withdrawn(200))).toThrow('then(...) takes a list of events');
  });

  test('is shown as a difference', () => {
    expect(() => withdraw(200).then([withdrawn(201)])).toThrow(/\+ {7}cents: 200\n- {7}cents: 201/);
  });

  test('is reported at the line of the test', () => {
    const error = thrownBy(() => withdraw(200).then([withdrawn(201)]));
    expect(String(error.stack).split('\n    at ')[1]).toContain('given-aggregate.test.ts');
  });

  test('counts ids and tags as part of an event', () => {
    const outcome = given(register).when(register.command.open('acc-1', { owner: 'Ada' }));
    const note = 'acc-1 at 2000-01-01T00:00:00.000Z';
    expect(() => outcome.then([accountEvents.create.opened({ owner: 'Ada', note })])).toThrow(AssertionError);
  });

  test('is not a promise: awaiting it is an error and does not pass', async () => {
    // As JavaScript code can; it does not compile in TypeScript.
    const outcome: unknown = withdraw(200);
    await expect(Promise.resolve(outcome)).rejects.toThrow('is no promise: do not await it');
  });
});

describe('what a store or an execution refuses is refused in a test', () => {
  test('an input that does not match its schema', () => {
    expect(() => given(account).when(command.open('acc-1', { owner: ' ' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_COMMAND', command: 'account.open' }),
    );
  });

  test('a command of another aggregate, or none', () => {
    const foreign: unknown = { aggregate: 'order', id: '1', name: 'open', input: {} };
    expect(() => given(account).when(foreign as ReturnType<typeof command.open>)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_COMMAND', command: 'order.open' }),
    );
    const unknown: unknown = { aggregate: 'account', id: '1', name: 'freeze', input: {} };
    expect(() => given(account).when(unknown as ReturnType<typeof command.open>)).toThrow(
      'command "account.freeze" is unknown here; known: "account.open", ' +
        '"account.deposit", "account.withdraw", "account.levelTo", "account.close"',
    );
  });

  test('an invalid id', () => {
    expect(() => given(account).when(command.open('', { owner: 'Ada' }))).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME' }),
    );
  });

  test('an event of another aggregate', () => {
    const other = defineEvents('order', { placed: z.object({}) }).create.placed({});
    for (const event of [other, { ...other, schemaVersion: 7 }])
      expect(() => given(account, [event] as never)).toThrow(
        'event type "order.placed" is none of aggregate "account"; take events that its defineEvents(...) makes',
      );
  });

  test('a history whose data does not match its schema', () => {
    const lost = { ...deposited(5), data: { cents: -5 } };
    expect(() => given(account, [lost])).toThrow(expect.objectContaining({ code: 'INVALID_EVENT' }));
  });
});

function thrownBy(work: () => unknown): Error {
  try {
    work();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('nothing was thrown');
}
