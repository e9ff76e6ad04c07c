import {
  aggregateIdOf,
  type AnyAggregate,
  defineAggregate,
  defineEvents,
  defineProcess,
  reject,
} from '@leftfold/core';
import { z } from 'zod';

const wishEvents = defineEvents('wish', { made: z.object({}) });

export const wish = defineAggregate({
  events: wishEvents,
  initialState: {},
  evolve: { made: (state) => state },
  commands: { make: { input: z.object({}), decide: (_state, _input, emit) => emit.made({}) } },
});

const tillEvents = defineEvents('till', { filled: z.object({}), taken: z.object({ wishId: z.string() }) });

/** Has nothing until it is filled. */
export const till = defineAggregate({
  events: tillEvents,
  initialState: { filled: 0 },
  evolve: {
    filled: (state) => ({ filled: state.filled + 1 }),
    taken: (state) => ({ filled: state.filled - 1 }),
  },
  commands: {
    look: { input: z.object({}), decide: () => [] },
    fill: { input: z.object({}), decide: (_state, _input, emit) => emit.filled({}) },
    take: {
      input: z.object({ wishId: z.string() }),
      decide: (state, input, emit) => (state.filled === 0 ? reject('empty') : emit.taken(input)),
    },
  },
});

/** One command, which is rejected before its till is filled, and accepted after that. Each wish has a till of its own. */
export const errand = defineProcess({
  name: 'errand',
  start: 'beginning',
  concurrency: 50,
  retry: { attempts: 5, firstDelayMs: 50, maxDelayMs: 1_000 },
  events: [wishEvents, tillEvents],
  starts: ['wish.made'],
  correlate: {
    'wish.made': ({ streamId }) => aggregateIdOf(streamId),
    'till.taken': ({ data }) => data.wishId,
  },
  initialState: {},
  react: {
    'wish.made': (_state, { streamId }, out) => {
      const wishId = aggregateIdOf(streamId);
      return out.execute(till.command.take(wishId, { wishId }), { as: 'take' });
    },
    'till.taken': (_state, _input, out) => out.complete(),
    rejected: (_state, { reason }, out) => out.fail(reason),
  },
});

export const errandAggregates: readonly AnyAggregate[] = [wish, till];
