import { AssertionError } from 'node:assert';
import { aggregateIdOf, defineProcess } from '@leftfold/core';
import {
  account,
  accountEvents,
  deposited,
  opened,
  transfer as decision,
  withdrawn,
} from '@leftfold/testbed/bank';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inStream } from './given-events.ts';
import { given } from './given.ts';

/** Pays an account that was opened a welcome gift, when a sponsor confirms it in time. */
const gift = defineProcess({
  name: 'gift',
  events: [accountEvents],
  messages: { 'sponsor.confirmed': z.object({ cents: z.int().positive() }) },
  deadlines: ['too-late', 'reminder'],
  publishes: { given: z.object({ cents: z.int() }), asked: z.object({}) },
  starts: ['account.opened'],
  correlate: {
    'account.opened': ({ streamId, data }) => (data.owner === 'nobody' ? undefined : aggregateIdOf(streamId)),
    'account.closed': ({ streamId }) => aggregateIdOf(streamId),
  },
  initialState: { id: '', cents: 0, log: [] as string[] },
  evolve: {
    'account.opened': (state, { streamId, recordedAt }) => ({
      ...state,
      id: aggregateIdOf(streamId),
      log: [recordedAt],
    }),
    'sponsor.confirmed': (state, { data }) => ({ ...state, cents: data.cents }),
    accepted: (state, { as }) => ({ ...state, log: [...state.log, `accepted ${as}`] }),
    rejected: (state, { as, command, details }) => ({
      ...state,
      log: [...state.log, `rejected ${as} ${command} ${JSON.stringify(details)}`],
    }),
    deadline: (state, { name }) => ({ ...state, log: [...state.log, name] }),
  },
  react: {
    'account.opened': (_state, _input, out) => [
      out.publish.asked({}),
      out.schedule('reminder', { afterMs: 1_000 }),
      out.waitFor('sponsor.confirmed', { withinMs: 5_000, deadline: 'too-late' }),
    ],
    'account.closed': (_state, _input, out) => out.cancel('reminder'),
    'sponsor.confirmed': ({ id, cents }, _input, out) => [
      out.execute(account.command.deposit(id, { cents }), { as: 'gift' }),
      out.execute(account.command.close(id, {}), { as: 'end' }),
    ],
    accepted: ({ cents }, { as }, out) =>
      as === 'end' ? [out.publish.given({ cents }), out.complete()] : [],
    rejected: ({ id }, { as, reason }, out) =>
      as === 'gift'
        ? [out.execute(account.command.withdraw(id, { cents: 1 }), { as: 'fee' })]
        : out.fail(reason),
    deadline: ({ log }, { name }, out) => {
      if (name === 'too-late') return out.fail(name);
      return log.length > 2 ? [] : out.schedule('reminder', { at: new Date('2000-01-01T00:00:03Z') });
    },
  },
});

const asked = gift.published.create.asked({});
const confirmed = gift.message('sponsor.confirmed', '1', { cents: 5 });
const deposit = account.command.deposit('1', { cents: 5 });
const close = account.command.close('1', {});
const started = given(gift, [opened]);
const reminder = { kind: 'schedule', deadline: 'reminder', at: '2000-01-01T00:00:03.000Z' } as const;

describe('an instance of a process', () => {
  test('takes inputs, and wants outputs', () => {
    given(gift)
      .when(opened)
      .then([
        asked,
        { kind: 'schedule', deadline: 'reminder', afterMs: 1_000 },
        { kind: 'schedule', deadline: 'too-late', afterMs: 5_000, until: 'sponsor.confirmed' },
      ])
      .thenState({ id: '1', cents: 0, log: ['2000-01-01T00:00:00.000Z'] })
      .when(accountEvents.create.closed({}))
      .then([{ kind: 'cancel', deadline: 'reminder' }]);
    expect(started.status).toBe('running');
    expect(given(gift).status).toBe('unknown');
  });

  test('has its commands accepted in their order, and ends', () => {
    const outcome = started.when(confirmed);
    outcome
      .thenCommands([deposit, close])
      .then([deposit, close, gift.published.create.given({ cents: 5 })])
      .ended('completed');
    expect(outcome.state.log.slice(1)).toEqual(['accepted gift', 'accepted end']);
    outcome.when(confirmed).thenNothing().ended('completed');
    outcome.after(60_000).thenNothing();
  });

  test('has commands rejected, one or all of a name, as often as the test says', () => {
    const outcome = started.rejecting(deposit, 'closed', { details: { by: 'Ada' } }).when(confirmed);
    outcome.thenCommands([deposit, close, account.command.withdraw('1', { cents: 1 })]).ended('completed');
    expect(outcome.state.log[1]).toBe('rejected gift account.deposit {"by":"Ada"}');
    started
      .rejecting('account.deposit', 'no')
      .rejecting('account.close', 'never')
      .when(confirmed)
      .ended('failed', 'never');
    started.rejecting('account.deposit', 'no', { times: 1 }).when(confirmed).ended('completed');
    started.rejecting('account.open', 'no').when(confirmed).ended('completed');
  });

  test('waits for the answer to a command that is left unanswered', () => {
    const waiting = started.unanswered('account.deposit').when(confirmed);
    waiting.thenCommands([deposit, close]);
    expect(waiting.status).toBe('running');
    waiting.when({ type: 'accepted', as: 'gift' }).ended('completed');
    waiting
      .when({ type: 'rejected', as: 'gift', reason: 'no' })
      .thenCommands([account.command.withdraw('1', { cents: 1 })]);
    waiting.when({ type: 'accepted', as: 'end' }).ended('completed');
  });

  test('takes deadlines in their order, when the clock is moved', () => {
    const reminded = started.after(999).thenNothing().after(1).then([reminder]);
    const twice = reminded.after(1_999).thenNothing().after(1).then([]);
    expect(twice.state.log.slice(1)).toEqual(['reminder', 'reminder']);
    twice.after(2_000).ended('failed', 'too-late');
    const both = started.after(60_000).ended('failed', 'too-late');
    expect(both.state.log.slice(1)).toEqual(['reminder', 'reminder', 'too-late']);
    const inTime = started.unanswered('account.deposit').when(confirmed).after(60_000);
    expect(inTime.state.log.slice(1)).toEqual(['reminder', 'reminder']);
  });

  test('fails when nobody reacts to a rejection, and is cancelled when nothing reacts to that', () => {
    const plain = defineProcess({
      name: 'plain',
      events: [accountEvents],
      starts: ['account.opened'],
      correlate: { 'account.opened': () => '1' },
      initialState: {},
      react: { 'account.opened': (_state, _input, out) => out.execute(close) },
    });
    given(plain).rejecting('account.close', 'no').when(opened).ended('failed', 'no');
    given(plain, [opened]).when({ type: 'cancelled', reason: 'enough' }).ended('cancelled', 'enough');
    given(plain).when({ type: 'cancelled', reason: 'enough' }).thenNothing();
    expect.assertions(0);
  });

  test('has what it wants beside its end done, in any order', () => {
    const hasty = defineProcess({
      name: 'hasty',
      events: [accountEvents],
      deadlines: ['never'],
      publishes: { seen: z.object({}) },
      starts: ['account.opened'],
      correlate: { 'account.opened': () => '1' },
      initialState: {},
      react: {
        'account.opened': (_state, _input, out) => [
          out.complete(),
          out.execute(close),
          out.publish.seen({}),
          out.schedule('never', { afterMs: 1 }),
        ],
        deadline: (_state, { name }, out) => out.fail(name),
      },
    });
    const outcome = given(hasty).rejecting('account.close', 'no').when(opened);
    outcome.then([close, hasty.published.create.seen({})]).ended('completed');
    expect(outcome.after(1).status).toBe('completed');
  });

  test('is not begun by an input that concerns none, or does not begin one', () => {
    given(gift)
      .when(accountEvents.create.opened({ owner: 'nobody' }))
      .thenNothing();
    given(gift).when(confirmed).thenNothing();
    expect(given(gift, [confirmed]).status).toBe('unknown');
  });

  test('issues commands of the aggregates that the test gives, with inputs that match', () => {
    const paying = (cents: number) =>
      defineProcess({
        name: 'paying',
        events: [accountEvents],
        starts: ['account.opened'],
        correlate: { 'account.opened': ({ streamId }) => aggregateIdOf(streamId) },
        initialState: {},
        react: {
          'account.opened': (_state, _input, out, { id }) =>
            out.execute(account.command.deposit(id, { cents })),
        },
      });
    const aggregates = [account];
    given(paying(5), [], { aggregates }).when(opened);
    given(paying(0.5), []).when(opened);
    expect(() => given(paying(0.5), [], { aggregates }).when(opened)).toThrow(
      expect.objectContaining({ code: 'INVALID_COMMAND' }),
    );
    const other = { ...account, name: 'other' };
    expect(() => given(paying(5), [], { aggregates: [other] }).when(opened)).toThrow(
      expect.objectContaining({ code: 'UNKNOWN_COMMAND' }),
    );
    expect(() => given(paying(5), [], { aggregates: [5 as never] })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });

  test('has the time that the test gives', () => {
    const late = given(gift, [opened], { now: new Date('2001-01-01T00:00:00Z') });
    expect(late.state.log).toEqual(['2001-01-01T00:00:00.000Z']);
    expect(late.after(5_000).status).toBe('failed');
  });
});

describe('what was not expected', () => {
  test.each<[string, () => unknown, string]>([
    [
      'other commands',
      () => started.when(confirmed).thenCommands([close]),
      'process "gift" issued other commands',
    ],
    ['other outputs', () => started.when(confirmed).then([close]), 'process "gift" wanted other outputs'],
    ['no outputs', () => started.when(confirmed).then([]), 'process "gift" wanted other outputs'],
    ['outputs', () => started.when(confirmed).thenNothing(), 'process "gift" wanted something'],
    [
      'other data of an event',
      () =>
        given(gift)
          .when(opened)
          .then([gift.published.create.given({ cents: 1 })]),
      'process "gift" wanted other outputs',
    ],
    ['no end', () => started.after(1).ended('failed'), 'process "gift" did not end'],
    ['no start', () => given(gift).after(1).ended('failed'), 'process "gift" was not started'],
    ['another end', () => started.when(confirmed).ended('failed'), 'process "gift" ended otherwise'],
    [
      'another reason',
      () => started.after(5_000).ended('failed', 'no'),
      'process "gift" ended for another reason',
    ],
    [
      'another state',
      () => started.thenState({ id: '2', cents: 0, log: [] }),
      'the state of process "gift" is another one',
    ],
  ])('%s: is an assertion error that says so', (_what, work, message) => {
    expect(work).toThrow(AssertionError);
    expect(work).toThrow(message);
  });

  test('is not a promise: awaiting it is an error and does not pass', async () => {
    // As JavaScript code can; it does not compile in TypeScript.
    const outcome: unknown = started.when(confirmed);
    await expect(Promise.resolve(outcome)).rejects.toThrow('is no promise: do not await it');
  });
});

describe('what an app would refuse is refused in a test', () => {
  test.each<[string, () => unknown, string, string]>([
    [
      'an event that it does not read',
      () => started.when(deposited(5)),
      'INVALID_ARGUMENT',
      'does not read; it reads',
    ],
    [
      'an event of another instance',
      () => started.when(inStream('account-2', accountEvents.create.closed({}))),
      'INVALID_ARGUMENT',
      'concerns instance "2" of process "gift", and the inputs before it "1"',
    ],
    [
      'an event that does not match its schema',
      () => given(gift).when({ ...opened, data: { owner: 5 } }),
      'INVALID_EVENT',
      'does not fit',
    ],
    [
      'a message that does not match its schema',
      () => started.when(gift.message('sponsor.confirmed', '1', { cents: -1 })),
      'INVALID_COMMAND',
      'gift.receive',
    ],
    [
      'a message that it does not take',
      () => started.when({ ...confirmed, input: { type: 'sponsor.gone', data: {} } }),
      'INVALID_ARGUMENT',
      'sponsor.gone',
    ],
    [
      'a message of another process',
      () => started.when({ ...confirmed, aggregate: 'x' }),
      'INVALID_ARGUMENT',
      '"x"',
    ],
    ['no input', () => started.when(undefined as never), 'INVALID_ARGUMENT', 'input'],
    ['no history', () => given(gift, opened as never), 'INVALID_ARGUMENT', 'history'],
    ['no time', () => started.after(undefined as never), 'INVALID_ARGUMENT', 'ms'],
    ['a negative time', () => started.after(-1), 'INVALID_ARGUMENT', 'ms'],
    ['no command', () => started.unanswered(5 as never), 'INVALID_ARGUMENT', 'command'],
    ['no reason', () => started.rejecting(close, ''), 'INVALID_ARGUMENT', 'reason'],
    ['no times', () => started.rejecting(close, 'no', { times: 0 }), 'INVALID_ARGUMENT', 'times'],
    [
      'options of an aggregate',
      () => given(gift, [], { newId: () => '1' } as never),
      'INVALID_ARGUMENT',
      'newId',
    ],
    ['nothing to compare', () => started.when(confirmed).then([5 as never]), 'INVALID_ARGUMENT', 'expected'],
  ])('%s', (_what, work, code, message) => {
    expect(work).toThrow(expect.objectContaining({ code }));
    expect(work).toThrow(message);
  });

  test('a process that goes on for ever', () => {
    const endless = defineProcess({
      name: 'endless',
      events: [accountEvents],
      deadlines: ['again'],
      starts: ['account.opened'],
      correlate: { 'account.opened': () => '1' },
      initialState: {},
      react: {
        'account.opened': (_state, _input, out) => out.schedule('again', { afterMs: 0 }),
        deadline: (_state, _input, out) => out.schedule('again', { afterMs: 0 }),
      },
    });
    expect(() => given(endless).when(opened)).toThrow('more than 10000 inputs');
  });

  test('a decision and an aggregate are tested as before', () => {
    given(decision, [inStream('account-a', opened, deposited(5)), inStream('account-b', opened)])
      .when(decision.command({ from: 'a', to: 'b', cents: 5 }))
      .then([inStream('account-a', withdrawn(5)), inStream('account-b', deposited(5))]);
    expect.assertions(0);
  });
});
