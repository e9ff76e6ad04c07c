import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

/** PostgreSQL cannot store a NUL character or half of a surrogate pair, so the input is refused before an event is made. */
const text = z.string().regex(/^[^\p{Cc}\p{Cs}]{1,200}$/u);
const item = z.object({ sku: text, cents: z.int().min(0).max(100_000_00) });

export const orderEvents = defineEvents('order', {
  opened: z.object({ customer: text }),
  'item-added': item,
  'checked-out': z.object({}),
});

export const order = defineAggregate({
  events: orderEvents,
  initialState: { exists: false, checkedOut: false, items: 0 },
  evolve: {
    opened: (state) => ({ ...state, exists: true }),
    'item-added': (state) => ({ ...state, items: state.items + 1 }),
    'checked-out': (state) => ({ ...state, checkedOut: true }),
  },
  rejections: ['order-exists', 'order-not-open', 'order-empty'],
  commands: {
    open: {
      input: z.object({ customer: text }),
      decide: (state, { customer }, emit) =>
        state.exists ? reject('order-exists') : emit.opened({ customer }),
    },
    'add-item': {
      input: item,
      decide: (state, added, emit) =>
        state.exists && !state.checkedOut ? emit['item-added'](added) : reject('order-not-open'),
    },
    'check-out': {
      input: z.object({}),
      decide: (state, _input, emit) => {
        if (!state.exists || state.checkedOut) return reject('order-not-open');
        return state.items === 0 ? reject('order-empty') : emit['checked-out']({});
      },
    },
  },
});
