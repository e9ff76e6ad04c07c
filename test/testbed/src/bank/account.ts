import { defineAggregate, defineEvents, reject } from '@leftfold/core';
import { z } from 'zod';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1), note: z.string().optional() }),
  deposited: z.object({ cents: z.int().nonnegative() }),
  withdrawn: z.object({ cents }),
  closed: z.object({}),
});

export const opened = accountEvents.create.opened({ owner: 'Ada' });
export const deposited = (amount: number) => accountEvents.create.deposited({ cents: amount });
export const withdrawn = (amount: number) => accountEvents.create.withdrawn({ cents: amount });
export const closed = accountEvents.create.closed({});

/** The bank's account, for a test that needs it with snapshots or with another state version. */
export function accountWith(options: {
  readonly snapshots?: { readonly everyEvents: number };
  readonly stateVersion?: number;
}) {
  return defineAggregate({
    ...options,
    events: accountEvents,
    initialState: { open: false, cents: 0 },
    evolve: {
      opened: (state) => ({ ...state, open: true }),
      deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
      withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
      closed: (state) => ({ ...state, open: false }),
    },
    rejections: ['account-already-open', 'insufficient-funds'],
    commands: {
      open: {
        input: z.object({ owner: z.string().trim().min(1) }),
        decide: (state, { owner }, emit) =>
          state.open ? reject('account-already-open') : emit.opened({ owner }),
      },
      deposit: {
        input: z.object({ cents }),
        decide: (_state, input, emit) => emit.deposited(input),
      },
      withdraw: {
        input: z.object({ cents }),
        decide: (state, input, emit) =>
          input.cents > state.cents
            ? reject('insufficient-funds', { missing: input.cents - state.cents })
            : emit.withdrawn(input),
      },
      /** Raises the balance to an amount; no events when there is as much already. */
      levelTo: {
        input: z.object({ cents }),
        decide: (state, input, emit) =>
          input.cents > state.cents ? emit.deposited({ cents: input.cents - state.cents }) : [],
      },
      close: {
        input: z.object({}),
        decide: (state, _input, emit) =>
          state.open
            ? [...(state.cents > 0 ? [emit.withdrawn({ cents: state.cents })] : []), emit.closed({})]
            : [],
      },
    },
  });
}

export const account = accountWith({});
