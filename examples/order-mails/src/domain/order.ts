import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const customer = z.object({ email: z.email() });

export const orderEvents = defineEvents('order', { placed: customer, confirmed: z.object({}) });

interface OrderState {
  readonly status: 'none' | 'placed' | 'confirmed';
}

const initialState: OrderState = { status: 'none' };

export const order = defineAggregate({
  events: orderEvents,
  initialState,
  evolve: {
    placed: (): OrderState => ({ status: 'placed' }),
    confirmed: (): OrderState => ({ status: 'confirmed' }),
  },
  commands: {
    place: {
      input: customer,
      decide: ({ status }, input, emit) =>
        status === 'none' ? emit.placed(input) : reject('order-already-placed'),
    },
    confirm: {
      input: z.object({}),
      decide: ({ status }, _input, emit) =>
        status === 'placed' ? emit.confirmed({}) : reject('order-not-placed'),
    },
  },
});
