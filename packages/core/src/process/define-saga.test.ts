import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineEvents } from '../event/define-events.ts';
import { aggregateIdOf } from '../naming/stream-id.ts';
import { defineSaga } from './define-saga.ts';
import type { SagaState } from './saga-state.ts';

const tripEvents = defineEvents('trip', {
  requested: z.object({ city: z.string() }),
  priced: z.object({ tripId: z.string() }),
});
const options = {
  events: [tripEvents],
  messages: { 'hotel.booked': z.object({}), 'hotel.full': z.object({}) },
  publishes: { asked: z.object({ city: z.string() }) },
  startedBy: 'trip.requested',
  correlate: {
    'trip.requested': ({ streamId }: { readonly streamId: string }) => aggregateIdOf(streamId),
    'trip.priced': ({ data }: { readonly data: { readonly tripId: string } }) => data.tripId,
  },
} as const;
const command = { aggregate: 'flight', id: '1', name: 'reserve', input: {} } as const;
const run = () => command;
const builder = defineSaga('booking', options);
const requested = {
  type: 'trip.requested',
  id: 'e-1',
  data: { city: 'Rome' },
  streamId: 'trip-t1',
  recordedAt: '',
};
const answers = { done: ['hotel.booked'], refused: ['hotel.full'] } as const;

describe('a saga', () => {
  test('is a process, with the names of what its steps use', () => {
    const ended = () => undefined;
    const saga = defineSaga('booking', {
      ...options,
      ended,
      version: 3,
      slices: 4,
      timeoutMs: 7,
      start: 'beginning',
      cancelledBy: ['trip.priced', 'hotel.full'],
    })
      .step('one', { run, compensate: () => command, timeoutMs: 5, retry: { attempts: 2 } })
      .pivot('two', { run })
      .step('three', { run })
      .build();
    expect(saga).toMatchObject({
      kind: 'process',
      name: 'booking',
      version: 3,
      slices: 4,
      timeoutMs: 7,
      start: 'beginning',
      starts: ['trip.requested'],
      eventTypes: ['trip.requested', 'trip.priced'],
      deadlines: ['timeout-one', 'retry-one', 'compensate-one', 'published-one', 'retry-three'],
    });
    expect(saga.steps.map(({ name, kind, attempts }) => [name, kind, attempts])).toEqual([
      ['one', 'compensatable', 2],
      ['two', 'pivot', 1],
      ['three', 'retriable', Number.POSITIVE_INFINITY],
    ]);
    expect(saga.cancelledBy).toEqual(['trip.priced', 'hotel.full']);
    expect(saga.handles('accepted')).toBe(true);
    expect(saga.reactsTo('cancelled')).toBe(true);
    expect(saga.summaryOf(saga.initialState)).toBe('new');
    // The code of its steps is part of its definition.
    for (const code of [run, () => command, ended]) expect(saga.code).toContain(String(code));
    expect(saga.code).toContain('["trip.priced","hotel.full"]');
  });

  test('gives each step the id, the input and the results', () => {
    const scopes: unknown[] = [];
    const saga = builder
      .step('price', {
        run: (scope) => {
          scopes.push(scope);
          return command;
        },
        answers: { done: ['trip.priced'] },
      })
      .step('ask', {
        run: (scope, out) => {
          scopes.push(scope);
          return out.publish.asked({ city: scope.input.city });
        },
        answers,
      })
      .build();
    let state = saga.evolve(saga.initialState, requested) as SagaState;
    expect(saga.react(state, requested, { id: 't1' })).toEqual([{ kind: 'execute', command, as: 'price#1' }]);
    // A step with answers waits for them: that its command was accepted does not say it.
    state = saga.evolve(state, { type: 'accepted', id: 'a', as: 'price#1', command: '' }) as SagaState;
    expect(saga.react(state, requested, { id: 't1' })).toEqual([]);
    const priced = { ...requested, type: 'trip.priced', data: { tripId: 't1' } };
    state = saga.evolve(state, priced) as SagaState;
    expect(saga.react(state, priced, { id: 't1' })).toEqual([
      { kind: 'publish', event: 'asked', data: { city: 'Rome' } },
    ]);
    const base = { id: 't1', input: { city: 'Rome' } };
    expect(scopes).toEqual([
      { ...base, results: {} },
      { ...base, results: { price: { tripId: 't1' } } },
    ]);
  });

  test('goes on with the other compensations when one that was stuck is done', () => {
    const saga = defineSaga('booking', { ...options, compensationRetry: { attempts: 1 } })
      .step('one', { run, compensate: run })
      .step('two', { run, compensate: run })
      .pivot('three', { run })
      .build();
    const answer = (type: string, as: string) => ({ type, id: 'a', as, command: '', reason: 'no' });
    const after = (state: unknown, ...inputs: readonly ReturnType<typeof answer>[]) =>
      inputs.reduce<unknown>((before, input) => saga.evolve(before, input), state) as SagaState;
    const stuck = after(
      saga.evolve(saga.initialState, requested),
      answer('accepted', 'one#1'),
      answer('accepted', 'two#1'),
      answer('rejected', 'three#1'),
      answer('rejected', 'compensate:two#1'),
    );
    expect(stuck.phase).toBe('stuck');
    const goingOn = after(stuck, answer('accepted', 'compensate:two#1'));
    expect(goingOn.phase).toBe('compensating');
    expect(saga.summaryOf(goingOn)).toBe('compensates one: step "three" was refused: no');
    expect(saga.react(goingOn, requested, { id: 't1' })).toEqual([
      { kind: 'execute', command, as: 'compensate:one#1' },
    ]);
  });

  test('keeps its state as JSON does', () => {
    const saga = builder.step('one', { run, compensate: run, timeoutMs: 5 }).build();
    const state = saga.evolve(saga.initialState, requested);
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
  });

  test('can be built in branches: a builder does not change', () => {
    const first = builder.step('one', { run });
    expect(first.step('two', { run }).build().steps).toHaveLength(2);
    expect(first.pivot('other', { run }).build().steps).toHaveLength(2);
    expect(first.build().steps).toHaveLength(1);
  });
});

describe('is refused', () => {
  const pivot = builder.pivot('one', { run }) as unknown as typeof builder;
  const answered = builder.step('one', { run, answers });
  const first = { 'trip.requested': options.correlate['trip.requested'] };

  test.each<[string, () => unknown, string, string]>([
    ['a saga without a step', () => builder.build(), 'INVALID_DEFINITION', 'has no step'],
    [
      'a saga whose first event names no instance',
      () => defineSaga('booking', { ...options, correlate: {} }),
      'INVALID_DEFINITION',
      'correlate has no function for it',
    ],
    ['a step of a known name', () => pivot.step('one', { run }), 'INVALID_DEFINITION', 'was added before'],
    [
      'a second pivot',
      () => pivot.pivot('two', { run }),
      'INVALID_DEFINITION',
      'is a second pivot, and "one" is one',
    ],
    [
      'a pivot with a compensation',
      () => builder.pivot('one', { run, compensate: run } as never),
      'INVALID_DEFINITION',
      'cannot have compensate',
    ],
    [
      'a compensation behind the pivot',
      () => pivot.step('two', { run, compensate: run }),
      'INVALID_DEFINITION',
      'cannot have compensate',
    ],
    [
      'a pivot whose command would be repeated',
      () => builder.pivot('one', { run, timeoutMs: 5 } as never),
      'INVALID_DEFINITION',
      'cannot have timeoutMs',
    ],
    [
      'a last attempt behind the pivot',
      () => pivot.step('two', { run, retry: { attempts: 5 } }),
      'INVALID_DEFINITION',
      'repeated until it succeeds',
    ],
    [
      'no retry behind the pivot',
      () => pivot.step('two', { run, retry: false }),
      'INVALID_DEFINITION',
      'repeated until it succeeds',
    ],
    [
      'an answer of two steps',
      () => answered.step('two', { run, answers }),
      'INVALID_DEFINITION',
      'is answered by "hotel.booked"',
    ],
    [
      'an answer that starts the saga',
      () => builder.step('one', { run, answers: { done: ['trip.requested'] } }),
      'INVALID_DEFINITION',
      'starts the saga',
    ],
    ...(
      [
        [
          'an unread event that cancels',
          { correlate: first },
          ['trip.priced'],
          'INVALID_ARGUMENT',
          'trip.priced',
        ],
        ['an unknown message that cancels', {}, ['hotel.gone'], 'INVALID_ARGUMENT', 'cancelledBy[0] of saga'],
        ['no list of what cancels', {}, 'trip.priced', 'INVALID_ARGUMENT', 'cancelledBy'],
        [
          'a start that cancels',
          {},
          ['trip.requested'],
          'INVALID_DEFINITION',
          'is started by "trip.requested"',
        ],
      ] as const
    ).map(
      ([what, others, cancelledBy, code, words]) =>
        [
          what,
          () => defineSaga('booking', { ...options, ...others, cancelledBy: cancelledBy as never }),
          code,
          words,
        ] as [string, () => unknown, string, string],
    ),
    [
      'an answer that cancels',
      () => defineSaga('booking', { ...options, cancelledBy: ['hotel.full'] }).step('one', { run, answers }),
      'INVALID_DEFINITION',
      'cancels it',
    ],
    [
      'answers without a success',
      () => builder.step('one', { run, answers: { done: [] } }),
      'INVALID_DEFINITION',
      'never succeed',
    ],
    [
      'an unknown answer',
      () => builder.step('one', { run, answers: { done: ['hotel.gone' as 'hotel.booked'] } }),
      'INVALID_ARGUMENT',
      'hotel.gone',
    ],
    [
      'a step that runs nothing',
      () => builder.step('one', {} as never),
      'INVALID_ARGUMENT',
      'run of step "one"',
    ],
    [
      'a misspelt option',
      () => builder.step('one', { run, undo: run } as never),
      'INVALID_ARGUMENT',
      '"undo"',
    ],
    [
      'no time',
      () => builder.step('one', { run, timeoutMs: 0 }),
      'INVALID_ARGUMENT',
      'timeoutMs of step "one"',
    ],
    ['a name with a sign', () => builder.step('one#1', { run }), 'INVALID_NAME', 'step name'],
    ['a long name', () => builder.step('x'.repeat(81), { run }), 'INVALID_NAME', 'at most 80'],
    ['a name that no stream may have', () => defineSaga('a-b', options), 'INVALID_NAME', 'category'],
  ])('%s', (_what, define, code, words) => {
    expect(define).toThrow(expect.objectContaining({ code }));
    expect(define).toThrow(words);
  });

  test.each<[string, () => unknown, string]>([
    ['nothing', () => undefined, 'run of step "one" of saga "booking" returned undefined; return a command'],
    ['a promise', () => Promise.reject(new Error('lost')), 'returned a promise'],
    [
      'an event that nothing answers',
      () => ({ kind: 'publish', event: 'asked', data: { city: '' } }),
      'nothing answers it; give the step answers',
    ],
    ['another output', () => ({ kind: 'complete' }), 'return a command, or what out.publish makes'],
  ])('a step that returns %s, when it is run', (_what, wrong, words) => {
    const saga = builder.step('one', { run: wrong as typeof run }).build();
    const state = saga.evolve(saga.initialState, requested);
    const react = () => saga.react(state, requested, { id: 't1' });
    expect(react).toThrow(expect.objectContaining({ code: 'INVALID_DEFINITION' }));
    expect(react).toThrow(words);
  });

  test('an end that returns something else than it publishes', () => {
    const saga = defineSaga('booking', { ...options, ended: (() => command) as never })
      .step('one', { run })
      .build();
    const started = saga.evolve(saga.initialState, requested);
    const accepted = { type: 'accepted', id: 'a', as: 'one#1', command: '' };
    const completed = saga.evolve(started, accepted);
    expect(() => saga.react(completed, accepted, { id: 't1' })).toThrow(
      'ended of saga "booking" returned something else',
    );
  });
});
