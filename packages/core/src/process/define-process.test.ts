import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import { defineProcess } from './define-process.ts';

const requestEvents = defineEvents('request', {
  made: z.object({ cents: z.int() }),
  withdrawn: z.object({}),
});
const given = {
  name: 'transfer',
  events: [requestEvents],
  starts: ['request.made'],
  correlate: { 'request.made': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId) },
  initialState: { cents: 0 as number },
} as const;

const deposit = { aggregate: 'account', id: 'a', name: 'deposit', input: { cents: 5 } } as const;

const transfer = defineProcess({
  ...given,
  messages: { 'payment.settled': z.object({ cents: z.int() }) },
  deadlines: ['too-late'],
  publishes: { settled: z.object({ cents: z.int() }) },
  evolve: { 'request.made': (state, { data }) => ({ ...state, cents: data.cents }) },
  react: {
    'request.made': ({ cents }, _input, out) => [
      out.execute(deposit, { as: 'credit', metadata: { tenant: 't' } }),
      out.waitFor('payment.settled', { withinMs: 5, deadline: 'too-late' }),
      out.schedule('too-late', { at: new Date(0) }),
      out.publish.settled({ cents }),
    ],
    'payment.settled': (_state, _input, out) => [out.cancel('too-late'), out.complete()],
    deadline: (_state, { name }, out) => out.fail(name),
  },
  summary: ({ cents }) => `${cents} cents, ${'x'.repeat(300)}`,
});

const made = { type: 'request.made', id: '1', data: { cents: 7 }, streamId: 'request-1', recordedAt: '' };

test('a process reads the events that it correlates, from the end of the log, and parks what fails', () => {
  expect(transfer).toMatchObject({
    kind: 'process',
    name: 'transfer',
    version: 1,
    eventTypes: ['request.made'],
    concurrency: 10,
    slices: 1,
    start: 'end',
    onFailure: 'park',
    retry: { attempts: 5, firstDelayMs: 1_000, maxDelayMs: 60_000 },
    timeoutMs: 20_000,
  });
  expect(transfer.published.definitions.map(({ type }) => type)).toEqual(['transfer.settled']);
});

test('its functions are pure: a state follows from an input, and outputs are plain values', () => {
  const state = transfer.evolve(transfer.initialState, made);
  expect(state).toEqual({ cents: 7 });
  const outputs = transfer.react(state, made, { id: 't-1' });
  expect(JSON.parse(JSON.stringify(outputs))).toEqual(outputs);
  expect(outputs).toEqual([
    { kind: 'execute', command: deposit, as: 'credit', metadata: { tenant: 't' } },
    { kind: 'schedule', deadline: 'too-late', afterMs: 5, until: 'payment.settled' },
    { kind: 'schedule', deadline: 'too-late', at: '1970-01-01T00:00:00.000Z' },
    { kind: 'publish', event: 'settled', data: { cents: 7 } },
  ]);
  expect(transfer.react(state, { type: 'deadline', id: '2', name: 'too-late' }, { id: 't-1' })).toEqual([
    { kind: 'fail', reason: 'too-late' },
  ]);
  expect(transfer.evolve(state, { type: 'cancelled', id: '3' })).toBe(state);
  expect(transfer.react(state, { type: 'cancelled', id: '3' }, { id: 't-1' })).toEqual([]);
});

test('a function of react gets the id of the instance', () => {
  const process = defineProcess({
    ...given,
    react: { cancelled: (_state, _input, out, { id }) => out.fail(id) },
  });
  expect(process.react({ cents: 0 }, { type: 'cancelled', id: '3' }, { id: 't-1' })).toEqual([
    { kind: 'fail', reason: 't-1' },
  ]);
});

test('a summary is text that JSON keeps, also where an emoji is at its end', () => {
  const summary = () => `\u0000${'x'.repeat(198)}😀`;
  const text = defineProcess({ ...given, summary }).summaryOf({ cents: 7 });
  expect(text).toBe(`${'x'.repeat(198)}\ufffd`);
});

test('a summary has 200 characters at most', () => {
  expect(transfer.summaryOf({ cents: 7 })).toHaveLength(200);
});

test('a message is a command to an instance', () => {
  expect(transfer.message('payment.settled', 't-1', { cents: 5 })).toEqual({
    aggregate: 'transfer',
    id: 't-1',
    name: 'receive',
    input: { type: 'payment.settled', data: { cents: 5 } },
  });
  expect(() => transfer.message('payment.lost' as never, 't-1', {} as never)).toThrow(
    'must be "payment.settled"',
  );
});

type Out = { readonly [name: string]: (...given: unknown[]) => unknown };

describe('an output that a process cannot have', () => {
  const outputOf = (react: (out: Out) => unknown) =>
    defineProcess({
      ...given,
      deadlines: ['too-late'],
      react: {
        'request.made': ((_state: unknown, _input: unknown, out: Out) => react(out)) as never,
        deadline: () => undefined,
      },
    }).react({ cents: 0 }, made, { id: 't-1' });

  test.each<[string, (out: Out) => unknown]>([
    ['an unknown deadline', (out) => out['schedule']!('never', { afterMs: 1 })],
    ['a deadline at no time', (out) => out['schedule']!('too-late', {})],
    ['a deadline in less than no time', (out) => out['schedule']!('too-late', { afterMs: -1 })],
    ['a deadline at an invalid time', (out) => out['schedule']!('too-late', { at: new Date(Number.NaN) })],
    [
      'a wait for what it does not read',
      (out) => out['waitFor']!('a.b', { withinMs: 1, deadline: 'too-late' }),
    ],
    ['a command that is none', (out) => out['execute']!('deposit')],
    ['a failure without a reason', (out) => out['fail']!()],
  ])('%s is refused', (_, react) => {
    expect(() => outputOf(react)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  test.each([5, 'complete', { kind: 'reset' }, [undefined], Promise.resolve()])('%j is refused', (value) => {
    expect(() => outputOf(() => value)).toThrow('return what its third argument makes');
  });

  test('is refused when another process, or an earlier call, has made it', () => {
    const [earlier] = transfer.react({ cents: 7 }, made, { id: 't-1' });
    expect(() => outputOf(() => earlier)).toThrow('return what its third argument makes');
  });

  test('that was made and not returned is refused: it would not be done', () => {
    expect(() => outputOf((out) => void out['complete']!())).toThrow(
      'made out.complete and did not return it',
    );
    expect(() => outputOf((out) => [out['complete']!(), out['fail']!('no')][0])).toThrow(
      'made out.fail and did not return it',
    );
  });

  test.each([
    ['an id that is none', { ...deposit, id: '' }, {}],
    ['metadata that are none', deposit, { metadata: 5 }],
  ])('is refused for %s, before it is recorded', (_, command, options) => {
    expect(() => outputOf((out) => out['execute']!(command, options))).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/^INVALID_(ARGUMENT|NAME)$/) }),
    );
  });

  test('is not a wait for an answer that is not recorded', () => {
    const wait = (out: Out) => out['waitFor']!('accepted', { withinMs: 1, deadline: 'too-late' });
    expect(() => outputOf(wait)).toThrow('input type of process');
  });
});

test.each([
  [5, '5'],
  ['', 'an empty text'],
])('an instance has a text as its id, not %j', (id, shown) => {
  const wrong = defineProcess({ ...given, correlate: { 'request.made': () => id as never } });
  expect(() => wrong.instanceOf({ type: 'request.made' } as never)).toThrow(
    `correlate["request.made"] of process "transfer" returned ${shown}`,
  );
});

test.each([
  { name: '' },
  { name: 'my-transfer' },
  { name: 'request' },
  { version: 0 },
  { events: {} },
  { starts: [] },
  { starts: ['request.withdrawn'] },
  { starts: undefined },
  { correlate: {} },
  { correlate: { 'request.lost': () => '1' } },
  { correlate: undefined },
  { initialState: new Map() },
  { evolve: { 'request.withdrawn': (state: unknown) => state } },
  { evolve: { lost: (state: unknown) => state } },
  { react: { 'request.made': 5 } },
  { messages: { settled: z.object({}) } },
  { messages: { 'request.made': z.object({}) } },
  { messages: { 'payment.settled': {} } },
  { deadlines: ['too late'] },
  { publishes: { received: z.object({}) } },
  { publishes: { settled: 5 } },
  { concurrency: 0 },
  { slices: 1_025 },
  { onFailure: 'skip' },
  { start: 'middle' },
  { retry: { attempts: 0 } },
  { timeoutMs: 0 },
  { summary: 'text' },
  { migrate: 'text' },
  { misspelt: 1 },
])('%j is refused', (wrong) => {
  expect(() => defineProcess({ ...given, ...wrong } as never)).toThrow(
    expect.objectContaining({ code: expect.stringMatching(/^INVALID_(ARGUMENT|NAME|DEFINITION)$/) }),
  );
});
