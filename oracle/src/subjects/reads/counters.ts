import { defineAggregate, defineEvents, defineProjection, defineTableProjection } from '@leftfold/core';
import { z } from 'zod';

const counterEvents = defineEvents('counter', { added: z.object({}) });

/** Counts. Each of its keys belongs to one writer, which knows how often it has added. */
export const counter = defineAggregate({
  events: counterEvents,
  initialState: {},
  evolve: { added: (state) => state },
  commands: { add: { input: z.object({}), decide: (_state, _input, emit) => emit.added({}) } },
});

const common = {
  events: [counterEvents],
  columns: { stream_id: 'text', count: 'integer' },
  initialRow: { count: 0 },
} as const;

/** The rows of a projection that lags behind for a moment. */
export const counts = defineTableProjection({
  ...common,
  name: 'counts',
  key: ({ streamId }) => ({ stream_id: streamId }),
  evolve: { 'counter.added': (row) => ({ ...row, count: row.count + 1 }) },
});

/** The same, in two slices. */
export const slicedCounts = defineTableProjection({
  ...common,
  name: 'sliced_counts',
  slices: 2,
  key: ({ streamId }) => ({ stream_id: streamId }),
  evolve: { 'counter.added': (row) => ({ ...row, count: row.count + 1 }) },
});

/** The same, written by a handler. */
export const handledCounts = defineProjection({
  name: 'handled_counts',
  events: [counterEvents],
  tables: { handled_counts: { columns: common.columns, primaryKey: ['stream_id'] } },
  on: {
    'counter.added': (tx, { streamId }) =>
      tx
        .insertInto('handled_counts')
        .values({ stream_id: streamId, count: 1 })
        .onConflict((conflict) =>
          conflict.column('stream_id').doUpdateSet((eb) => ({ count: eb('handled_counts.count', '+', 1) })),
        ),
  },
});

export const projections = [counts, slicedCounts, handledCounts] as const;
