import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const input = z.object({ card: z.string(), cents: z.int().positive() });

const chargeEvents = defineEvents('charge', { taken: input });

/** The charge of a card for a trip, with the trip's id. */
export const charge = defineAggregate({
  events: chargeEvents,
  initialState: {},
  evolve: { taken: (state) => state },
  rejections: ['declined'],
  commands: {
    take: {
      input,
      decide: (_state, wanted, emit) => (wanted.card === 'expired' ? reject('declined') : emit.taken(wanted)),
    },
  },
});
