import { defineAggregate, defineEvents, defineTableProjection } from '@leftfold/core';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { given } from './given.ts';
import { givenEvents } from './given-events.ts';

const cents = z.int();
const tillEvents = defineEvents(
  'till',
  { credited: z.object({ cents }), debited: z.object({ cents: z.int().positive() }) },
  {
    retired: {
      moved: {
        schema: z.object({ from: cents, to: cents }),
        readAs: ['debited', 'credited'],
        upcast: (data, to) => [to.debited({ cents: data.from }), to.credited({ cents: data.to })],
      },
      viewed: { schema: z.object({}), readAs: [] },
    },
  },
);
const till = defineAggregate({
  events: tillEvents,
  initialState: { cents: 0 },
  evolve: {
    credited: (state, data) => ({ cents: state.cents + data.cents }),
    debited: (state, data) => ({ cents: state.cents - data.cents }),
  },
  commands: {
    empty: { input: z.object({}), decide: (state, _, emit) => (state.cents > 0 ? emit.debited(state) : []) },
  },
});
const tills = defineTableProjection({
  name: 'tills',
  events: [tillEvents],
  columns: { till_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ till_id: streamId }),
  initialRow: { cents: 0 },
  evolve: { 'till.credited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});
const { moved, viewed } = tillEvents.createRetired;

test('the history of a test may have retired events, which are read as others', () => {
  given(till, [moved({ from: 2, to: 9 }), viewed({}), tillEvents.create.credited({ cents: 1 })])
    .when(till.command.empty('a', {}))
    .then([tillEvents.create.debited({ cents: 8 })])
    .thenState({ cents: 0 });
  givenEvents([moved({ from: 2, to: 9 }), viewed({})])
    .project(tills)
    .thenRows([{ till_id: 'till-1', cents: 9 }]);
});

test('a retired event that does not fit what it is read as is an error', () => {
  const error: unknown = expect.objectContaining({ code: 'INVALID_EVENT', type: 'till.moved' });
  expect(() => given(till, [moved({ from: 0, to: 9 })])).toThrow(error);
  expect(() => givenEvents([moved({ from: 0, to: 9 })]).project(tills)).toThrow(error);
});
