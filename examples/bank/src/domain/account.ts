import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1) }),
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents }),
  'transfer-sent': z.object({ cents, to: z.string() }),
  'transfer-received': z.object({ cents, from: z.string() }),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    deposited: (state, { cents }) => ({ ...state, cents: state.cents + cents }),
    withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents }),
    'transfer-sent': (state, { cents }) => ({ ...state, cents: state.cents - cents }),
    'transfer-received': (state, { cents }) => ({ ...state, cents: state.cents + cents }),
  },
  rejections: ['account-already-open', 'account-not-open', 'insufficient-funds'],
  commands: {
    open: {
      input: z.object({ owner: z.string().min(1) }),
      decide: (state, { owner }, emit) =>
        state.open ? reject('account-already-open') : emit.opened({ owner }),
    },
    deposit: {
      input: z.object({ cents }),
      decide: (state, { cents }, emit) =>
        state.open ? emit.deposited({ cents }) : reject('account-not-open'),
    },
    withdraw: {
      input: z.object({ cents }),
      decide: (state, { cents }, emit) => {
        if (!state.open) return reject('account-not-open');
        return cents > state.cents ? reject('insufficient-funds') : emit.withdrawn({ cents });
      },
    },
  },
});
