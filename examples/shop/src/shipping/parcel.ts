import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

export const parcelEvents = defineEvents('parcel', { sent: z.object({}) });

/** The parcel of an order, with the order's id. */
export const parcel = defineAggregate({
  events: parcelEvents,
  initialState: { sent: false },
  evolve: { sent: () => ({ sent: true }) },
  rejections: ['already-sent'],
  commands: {
    send: {
      input: z.object({}),
      decide: (state, _input, emit) => (state.sent ? reject('already-sent') : emit.sent({})),
    },
  },
});
