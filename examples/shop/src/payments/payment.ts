import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const none = z.object({});

export const paymentEvents = defineEvents('payment', {
  requested: z.object({ cents: z.int().positive() }),
  taken: none,
  declined: none,
});

/** The payment of an order, with the order's id. */
export const payment = defineAggregate({
  events: paymentEvents,
  initialState: { requested: false, settled: false },
  evolve: {
    requested: (state) => ({ ...state, requested: true }),
    taken: (state) => ({ ...state, settled: true }),
    declined: (state) => ({ ...state, settled: true }),
  },
  rejections: ['already-requested', 'not-requested', 'already-settled'],
  commands: {
    request: {
      input: z.object({ cents: z.int().positive() }),
      decide: (state, input, emit) => (state.requested ? reject('already-requested') : emit.requested(input)),
    },
    settle: {
      input: z.object({ approved: z.boolean() }),
      decide: (state, { approved }, emit) => {
        if (!state.requested) return reject('not-requested');
        if (state.settled) return reject('already-settled');
        return approved ? emit.taken({}) : emit.declined({});
      },
    },
  },
});
