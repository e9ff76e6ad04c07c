import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const none = z.object({});

export const orderEvents = defineEvents('order', {
  placed: z.object({ cents: z.int().positive() }),
  paid: none,
  declined: none,
  shipped: none,
  completed: none,
});

/**
 * An order learns from two other services what became of it. Their messages have no order among each other: `shipped` can
 * come before `paid`, and whichever comes last completes the order.
 */
export const order = defineAggregate({
  events: orderEvents,
  initialState: { placed: false, paid: false, shipped: false },
  evolve: {
    placed: (state) => ({ ...state, placed: true }),
    paid: (state) => ({ ...state, paid: true }),
    declined: (state) => state,
    shipped: (state) => ({ ...state, shipped: true }),
    completed: (state) => state,
  },
  rejections: ['already-placed', 'not-placed'],
  commands: {
    place: {
      input: z.object({ cents: z.int().positive() }),
      decide: (state, input, emit) => (state.placed ? reject('already-placed') : emit.placed(input)),
    },
    pay: {
      input: none,
      decide: (state, _input, emit) => {
        if (!state.placed) return reject('not-placed');
        return state.shipped ? [emit.paid({}), emit.completed({})] : emit.paid({});
      },
    },
    decline: {
      input: none,
      decide: (state, _input, emit) => (state.placed ? emit.declined({}) : reject('not-placed')),
    },
    ship: {
      input: none,
      decide: (state, _input, emit) => {
        if (!state.placed) return reject('not-placed');
        return state.paid ? [emit.shipped({}), emit.completed({})] : emit.shipped({});
      },
    },
  },
});
