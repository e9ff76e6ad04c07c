import { account, accountEvents, auditEvents, deposited, transfer, withdrawn } from '@leftfold/testbed/bank';
import { courseEvents, seats, subscribe } from '@leftfold/testbed/courses';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { Rejection } from '../aggregate/reject.ts';
import { InvalidNameError } from '../errors/definition-errors.ts';
import { type AnyDecision, defineDecision } from './define-decision.ts';

const rich = { open: true, cents: 500 };
const context = { now: new Date(0), newId: () => 'id-1', metadata: {} };
const ids = { from: 'a', to: 'b' };
const base = {
  name: 'odd',
  input: z.object({ from: z.string(), to: z.string(), cents: z.int() }),
  reads: ({ from, to }: { from: string; to: string }) => ({ from: account.at(from), to: account.at(to) }),
};

function decided(
  decision: AnyDecision,
  states: Record<string, unknown>,
  input: object = { ...ids, cents: 5 },
) {
  return decision.decide({ reads: decision.reads(input), states, input, commandId: 'command-1' }, context);
}

test('a decision’s command is plain data and survives JSON', () => {
  const command = transfer.command({ from: 'a', to: 'b', cents: 5 });
  expect(command).toStrictEqual({ decision: 'transfer', input: { from: 'a', to: 'b', cents: 5 } });
  expect(JSON.parse(JSON.stringify(command))).toStrictEqual(command);
});

test('a rejection is returned unchanged', () => {
  expect(decided(transfer, { from: rich, to: rich }, { ...ids, cents: 501 })).toEqual(
    new Rejection('insufficient-funds'),
  );
});

describe('the stream of an event', () => {
  test('is that of the role whose function made it', () => {
    expect(decided(transfer, { from: rich, to: rich })).toEqual([
      { event: withdrawn(5), streamId: 'account-a', named: true },
      { event: deposited(5), streamId: 'account-b', named: true },
    ]);
  });

  test('is that of the one aggregate with its category', () => {
    const one = defineDecision({
      ...base,
      reads: ({ from }) => ({ payer: account.at(from) }),
      decide: () => withdrawn(5),
    });
    expect(decided(one, { payer: rich })).toEqual([
      { event: withdrawn(5), streamId: 'account-a', named: true },
    ]);
  });

  test('is not guessed among several aggregates', () => {
    const odd = defineDecision({ ...base, decide: () => withdrawn(5) });
    expect(() => decided(odd, { from: rich, to: rich })).toThrow(
      'decide of decision "odd" returned event "account.withdrawn" without saying whose it is; make it with emit.from or emit.to',
    );
  });

  test('is named by the tag whose key is the category, or else by the first one, or else by the command', () => {
    const free = { planned: true, free: 1 };
    const input = { courseId: 'c1', studentId: 's1' };
    const states = { course: free, courses: 0, attends: false };
    const subscribed = courseEvents.create.subscribed(input);
    expect(decided(subscribe, states, input)).toEqual([
      { event: subscribed, streamId: 'course-c1', named: true },
    ]);
    const announced = courseEvents.create.announced({ text: '' });
    const announce = defineDecision({
      name: 'announce',
      input: z.object({}),
      events: [courseEvents],
      reads: () => ({ courses: seats.all() }),
      decide: () => [announced],
    });
    expect(decided(announce, { courses: free }, {})).toEqual([
      { event: announced, streamId: 'course-command-1', named: false },
    ]);
  });
});

describe('refused is', () => {
  test('a result that is neither an event nor a list of them', () => {
    const deciding = (result: unknown) => defineDecision({ ...base, decide: () => result as [] });
    const refused = (result: unknown) => () => decided(deciding(result), { from: rich, to: rich });
    const fix = 'return an event, a list of events ([] for none), or reject(reason)';
    expect(refused(Promise.reject(new Error('not handled')))).toThrow(
      'decide of decision "odd" returned a promise; it must be synchronous: load what it needs',
    );
    expect(refused(undefined)).toThrow(`decide of decision "odd" returned nothing; ${fix}`);
    expect(refused([7])).toThrow(`decide of decision "odd" returned a list with 7; ${fix}`);
    expect(refused({ to: deposited(5) })).toThrow(fix);
  });

  test('an event that is not its own', () => {
    const noted = auditEvents.create.noted({ note: '' });
    const odd = defineDecision({ ...base, decide: () => noted as never });
    expect(() => decided(odd, { from: rich, to: rich })).toThrow(
      'decide of decision "odd" returned event "audit.noted", which is none of the events of decision "odd"; name its group in events, or read its aggregate',
    );
  });

  test('an event with an id of its own', () => {
    const own = accountEvents.create.withdrawn({ cents: 5 }, { id: 'mine' });
    const odd = defineDecision({ ...base, reads: () => ({ one: account.at('a') }), decide: () => own });
    expect(() => decided(odd, { one: rich })).toThrow('id of event "account.withdrawn" must be left out');
  });

  test('a name with other characters, and one of a role that every object has', () => {
    expect(() => defineDecision({ ...base, name: 'trans fer', decide: () => [] })).toThrow(InvalidNameError);
    const odd = defineDecision({
      ...base,
      reads: () => ({ constructor: account.at('a') }),
      decide: () => [],
    });
    expect(() => odd.reads({})).toThrow(InvalidNameError);
  });

  test.each<[string, unknown, string]>([
    ['nothing', undefined, 'reads of decision "odd" returned undefined; return an object such as'],
    ['a list', [], 'reads of decision "odd" returned'],
    ['a fold without tags', { course: seats }, 'for role "course"; return aggregate.at(id), fold.for('],
    ['a list of aggregates', { all: [account.at('a')] }, 'for role "all"; return'],
    ['nothing for a role', { course: undefined }, 'returned undefined for role "course"; return'],
  ])('to read %s', (_what, reads, message) => {
    const odd = defineDecision({ ...base, reads: () => reads as never, decide: () => [] });
    expect(() => odd.reads({})).toThrow(expect.objectContaining({ code: 'INVALID_DEFINITION' }));
    expect(() => odd.reads({})).toThrow(message);
  });

  test('a fold over events that it does not declare', () => {
    const odd = defineDecision({
      name: 'odd',
      input: z.object({}),
      reads: () => ({ course: seats.for({ course: 'c1' }) }),
      decide: () => [],
    });
    expect(() => odd.reads({})).toThrow(
      'decision "odd" reads a fold over the events of category "course", which it does not declare; name their group in events',
    );
  });

  test('a role of an aggregate with the name of other events', () => {
    const odd = defineDecision({
      name: 'odd',
      input: z.object({}),
      events: [courseEvents],
      reads: () => ({ course: account.at('a') }),
      decide: () => [],
    });
    expect(() => odd.reads({})).toThrow('emit.course could be either; give the role another name');
  });

  test('more than 100 aggregates, and more than 64 folds', () => {
    const reading = (count: number, read: (index: number) => unknown) =>
      defineDecision({
        ...base,
        events: [courseEvents],
        reads: () =>
          Object.fromEntries(
            Array.from({ length: count }, (_, index) => [`role${index}`, read(index)]),
          ) as never,
        decide: () => [],
      });
    expect(Object.keys(reading(100, (index) => account.at(`${index}`)).reads({}))).toHaveLength(100);
    expect(() => reading(101, (index) => account.at(`${index}`)).reads({})).toThrow(
      '101 aggregates, the limit is 100',
    );
    expect(Object.keys(reading(64, () => seats.for({ course: 'c' })).reads({}))).toHaveLength(64);
    expect(() => reading(65, () => seats.for({ course: 'c' })).reads({})).toThrow(
      '65 folds, the limit is 64',
    );
  });
});
