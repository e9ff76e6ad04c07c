import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const none = z.object({});
const wanted = z.object({ card: z.string(), cents: z.int().positive() });

export const tripEvents = defineEvents('trip', { requested: wanted, confirmed: none });

export const trip = defineAggregate({
  events: tripEvents,
  initialState: { requested: false, confirmed: false },
  evolve: {
    requested: (state) => ({ ...state, requested: true }),
    confirmed: (state) => ({ ...state, confirmed: true }),
  },
  rejections: ['already-requested'],
  commands: {
    request: {
      input: wanted,
      decide: (state, input, emit) => (state.requested ? reject('already-requested') : emit.requested(input)),
    },
    confirm: {
      input: none,
      decide: (state, _input, emit) => (state.confirmed ? [] : emit.confirmed({})),
    },
  },
});
