import { describe, expect, test } from 'vitest';
import { type Fact, Facts } from './facts.ts';
import { brokenRules } from './invariants.ts';
import { judgeAppends, judgeConditions } from './judge-appends.ts';
import { judgeTold } from './judge-told.ts';

/** An event of an append of its own, with a tag and without a condition. */
const fact = (position: number, more: Partial<Fact> = {}): Fact => ({
  position,
  streamId: `audit-${position}`,
  streamVersion: 1,
  type: 'audit.marked',
  schemaVersion: 1,
  tags: ['one:a'],
  data: { read: null },
  append: `append-${position}`,
  decision: null,
  input: null,
  basis: { condition: null, expected: {}, of: 1 },
  ...more,
});
const under = (after: number, ...queries: readonly object[]) => ({
  basis: { condition: queries.map((query) => ({ after, ...query })), expected: {}, of: 1 },
});

/** An invoice as it was decided on. */
const issued = (position: number, number: number, after: number, saw = `{"last":${number - 1}}`): Fact =>
  fact(position, {
    streamId: `invoice-${position}`,
    type: 'invoice.issued',
    tags: [],
    data: { number, saw },
    decision: 'issue',
    input: '{}',
    ...under(after, { types: ['invoice.issued'] }),
  });

describe('a condition', () => {
  test.each([
    ['between its mark and its append', [fact(2), fact(5, under(1, { tags: ['one:a'] }))], 1],
    ['at its mark', [fact(2), fact(5, under(2, { tags: ['one:a'] }))], 0],
    ['after its append', [fact(5, under(2, { tags: ['one:a'] })), fact(6)], 0],
    ['with another tag', [fact(2), fact(5, under(1, { tags: ['one:b'] }))], 0],
    ['with one of two tags', [fact(2), fact(5, under(1, { tags: ['one:a', 'two:a'] }))], 0],
    ['of another type', [fact(2), fact(5, under(1, { types: ['audit.noted'] }))], 0],
    ['of its category', [fact(2), fact(5, under(1, { category: 'audit' }))], 1],
    ['for the second query', [fact(2), fact(5, under(1, { tags: ['one:b'] }, {}))], 1],
    ['at the mark of its query', [fact(2), fact(5, under(0, { tags: ['one:a'], after: 2 }))], 0],
  ])('is violated by an event %s, or is not', (_, facts, violations) => {
    expect(judgeConditions(new Facts(facts))).toHaveLength(violations);
  });

  test('that leaves out what its decision has read is violated by that', () => {
    const decided = { ...issued(3, 2, 1), ...under(1, { tags: ['one:a'] }) };
    expect(judgeConditions(new Facts([issued(1, 1, 0), issued(2, 2, 1), decided]))).toHaveLength(1);
  });
});

describe('an append', () => {
  const texts = (...facts: readonly Fact[]) => judgeAppends(new Facts(facts));

  test('that is whole, and decided on what the log had, is right', () => {
    const read = JSON.stringify({ queries: [{ tags: ['one:a'], last: true }], count: 1, last: 2 });
    const marked = fact(6, { data: { read }, ...under(2, { tags: ['one:a'] }) });
    expect(texts(fact(1), fact(2), issued(3, 1, 2), issued(5, 2, 3), marked)).toEqual([]);
  });

  test.each([
    ['a part', fact(2, { basis: { condition: null, expected: {}, of: 2 } }), 'has 1 of 2 events in the log'],
    [
      'another version',
      fact(2, { basis: { condition: null, expected: { 'audit-2': 3 }, of: 1 } }),
      'expected version 3 of audit-2, and has version 1',
    ],
    ['an older state', issued(2, 1, 1, '{"last":7}'), 'was decided on {"last":7}, the log had {"last":0}'],
    [
      'another read',
      fact(2, { data: { read: '{"queries":[{"tags":["one:a"]}],"count":0,"last":0}' }, ...under(1, {}) }),
      '"count":1,"last":1}',
    ],
  ])('with %s is reported', (_, wrong, text) => {
    const found = texts(fact(1), wrong);
    expect(found).toHaveLength(1);
    expect(found[0]).toContain(text);
  });
});

describe('what a caller was told', () => {
  const facts = new Facts([
    fact(1, { type: 'user.registered', tags: ['name:ada'], data: { name: 'ada', saw: '' } }),
    fact(2),
    issued(3, 1, 0),
  ]);
  const refusal = {
    append: 'x',
    queries: [
      { tags: ['one:b'], after: 0 },
      { tags: ['one:a'], after: 0 },
    ],
    after: 0,
    matched: [1],
  };
  const refused = { ...refusal, position: 2, type: 'audit.marked', streamId: 'audit-2' };
  const register = { append: 'x', decision: 'register', input: '{"name":"ada"}' };
  const kindsOf = (kind: string, told: unknown) => {
    const counts = { acknowledged: 0, rejected: 0, undone: 0, unknown: 0, refused: 0 };
    const line = [kind, typeof told === 'string' ? told : JSON.stringify(told)];
    return judgeTold(facts, [line], counts).map((violation) => violation.kind);
  };

  test.each([
    ['ack', { append: 'append-2', positions: [2] }],
    ['undone', 'x'],
    ['unknown', 'append-2'],
    ['refused', refused],
    ['conflict', { ...register, position: 1, roles: ['taken'] }],
    ['rejected', { ...register, saw: '{"taken":true}' }],
    // Before ada registered.
    ['rejected', { ...register, saw: '{"taken":false}' }],
  ])('is right: %s %j', (kind, told) => {
    expect(kindsOf(kind, told)).toEqual([]);
  });

  test.each([
    ['append', 'ack', { append: 'append-2', positions: [3] }],
    ['append', 'ack', { append: 'x', positions: [9] }],
    ['append', 'undone', 'append-2'],
    ['process', 'bad', 'x Error'],
    ['refusal', 'refused', { ...refused, position: 9 }],
    ['refusal', 'refused', { ...refused, type: 'audit.noted' }],
    ['refusal', 'refused', { ...refused, after: 2 }],
    ['refusal', 'refused', { ...refused, matched: [0] }],
    ['refusal', 'refused', { ...refused, queries: [{ tags: ['one:b'], after: 0 }], matched: [] }],
    ['refusal', 'conflict', { ...register, position: 2, roles: ['taken'] }],
    ['refusal', 'conflict', { ...register, position: 1, roles: [] }],
    ['rejection', 'rejected', { ...register, saw: '{"taken":7}' }],
    ['rejection', 'rejected', { ...register, append: 'append-2', saw: '{"taken":true}' }],
  ])('is a wrong %s: %s %j', (violation, kind, told) => {
    expect(kindsOf(kind, told)).toEqual([violation]);
  });
});

describe('a rule of the school', () => {
  const place = { course: 'c', student: 's' };
  const of = (type: string, data: object, position = 1) =>
    fact(position, { type, data: data as Fact['data'], streamId: 'account-a' });
  const planned = of('course.planned', { course: 'c', seats: 1 });
  const subscribed = (student: string, course = 'c') => of('course.subscribed', { course, student });

  test.each([
    ['two plans of a course', [planned, planned]],
    ['a seat too many', [planned, subscribed('s'), subscribed('t')]],
    [
      'a place taken twice',
      [planned, of('course.extended', { course: 'c', seats: 1 }), subscribed('s'), subscribed('s')],
    ],
    ['a place that never was', [planned, of('course.unsubscribed', place)]],
    ['a name for two', [of('user.registered', { name: 'ada' }), of('user.registered', { name: 'ada' })]],
    ['a gap', [of('invoice.issued', { number: 1 }), of('invoice.issued', { number: 3 })]],
    ['a debt', [of('account.deposited', { cents: 1 }), of('account.withdrawn', { cents: 2 })]],
    [
      'too many courses',
      ['a', 'b', 'd', 'e'].flatMap((course) => [
        of('course.planned', { course, seats: 1 }),
        subscribed('s', course),
      ]),
    ],
  ])('forbids %s', (_, facts) => {
    expect(brokenRules(facts)).toHaveLength(1);
  });

  test('lets a place be taken again', () => {
    const again = [planned, subscribed('s'), of('course.unsubscribed', place), subscribed('s')];
    expect(brokenRules(again)).toEqual([]);
  });
});
