import { account, accountEvents, auditEvents, deposited, transfer } from '@leftfold/testbed/bank';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { InvalidNameError } from '../errors/definition-errors.ts';
import { defineDecision } from './define-decision.ts';
import { Rejection } from './reject.ts';

const rich = { open: true, cents: 500 };
const context = { ids: { from: 'a', to: 'b' }, now: new Date(0), newId: () => 'id-1', metadata: {} };
const base = { aggregates: { from: account, to: account }, input: z.object({ cents: z.int() }) };

test('a decision’s command is plain data and survives JSON', () => {
  const command = transfer.command({ from: 'a', to: 'b' }, { cents: 5 });
  expect(command).toStrictEqual({ decision: 'transfer', ids: { from: 'a', to: 'b' }, input: { cents: 5 } });
  expect(JSON.parse(JSON.stringify(command))).toStrictEqual(command);
});

test('a decision returns lists of events by role, for one event and for several', () => {
  expect(transfer.decide({ from: rich, to: rich }, { cents: 5 }, context)).toEqual({
    from: [accountEvents.create.withdrawn({ cents: 5 })],
    to: [accountEvents.create.deposited({ cents: 5 })],
  });
});

test('a role without events has an empty list', () => {
  const check = defineDecision({ ...base, name: 'check', decide: () => ({ from: undefined, to: [] }) });
  expect(check.decide({ from: rich, to: rich }, { cents: 5 }, context)).toEqual({ from: [], to: [] });
});

test('a rejection is returned unchanged', () => {
  expect(transfer.decide({ from: rich, to: rich }, { cents: 501 }, context)).toEqual(
    new Rejection('insufficient-funds'),
  );
});

test('events for an unknown role are an error, never dropped', () => {
  const careless = defineDecision({
    ...base,
    name: 'careless',
    // Its type does not say which roles it has.
    decide: (_states, { cents }): Record<string, ReturnType<typeof deposited>> => ({ too: deposited(cents) }),
  });
  expect(() => careless.decide({ from: rich, to: rich }, { cents: 5 }, context)).toThrow(
    expect.objectContaining({
      code: 'INVALID_DEFINITION',
      message: 'decide of decision "careless" returned events for role "too"; its roles are from, to',
    }),
  );
});

test('what is no events by role is an error that says what to return', () => {
  const deciding = (result: unknown) => defineDecision({ ...base, name: 'odd', decide: () => result as {} });
  const refused = (result: unknown) => () =>
    deciding(result).decide({ from: rich, to: rich }, { cents: 5 }, context);
  const promised = 'decide of decision "odd" returned a promise; it must be synchronous: load what it needs';
  expect(refused(Promise.reject(new Error('not handled')))).toThrow(promised);
  const byRole = 'return events by role, such as { from: event } ({} for none), or reject(reason)';
  const message = (what: string) => `decide of decision "odd" returned ${what}; ${byRole}`;
  expect(refused(undefined)).toThrow(message('nothing'));
  expect(refused(accountEvents.create.deposited({ cents: 5 }))).toThrow(message('one event'));
  expect(refused([accountEvents.create.deposited({ cents: 5 })])).toThrow(message('a list'));
  expect(refused({ from: 7 })).toThrow(
    'decide of decision "odd" for role "from" returned 7; return an event',
  );
});

test('an event of another aggregate is an error that names the rule and the event', () => {
  const noted = auditEvents.create.noted({ note: '' });
  const odd = defineDecision({ ...base, name: 'odd', decide: () => ({ from: noted }) as {} });
  expect(() => odd.decide({ from: rich, to: rich }, { cents: 5 }, context)).toThrow(
    'decide of decision "odd" for role "from" returned event "audit.noted", which is none of aggregate "account"',
  );
});

test('a name with other characters is refused', () => {
  expect(() => defineDecision({ ...base, name: 'trans fer', decide: () => ({}) })).toThrow(InvalidNameError);
  const aggregates = { constructor: account };
  expect(() => defineDecision({ ...base, aggregates, name: 'a', decide: () => ({}) })).toThrow(
    InvalidNameError,
  );
});

test('more than 100 aggregates are refused', () => {
  const over = (count: number) =>
    defineDecision({
      ...base,
      name: 'large',
      aggregates: Object.fromEntries(Array.from({ length: count }, (_, index) => [`role${index}`, account])),
      decide: () => ({}),
    });
  expect(Object.keys(over(100).aggregates)).toHaveLength(100);
  expect(() => over(101)).toThrow(
    expect.objectContaining({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('the limit is 100'),
    }),
  );
});
