import { defineAggregate, defineEvents } from '@leftfold/core';
import { z } from 'zod';

const entry = z.object({ cents: z.int(), reference: z.string(), note: z.string() });

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  deposited: entry,
  withdrawn: entry,
});

/** An account. Only an executor with the option `snapshots` reads and writes its snapshots. */
export const account = defineAggregate({
  events: accountEvents,
  initialState: { owner: '', cents: 0, entries: 0 },
  evolve: {
    opened: (state, { owner }) => ({ ...state, owner }),
    deposited: (state, { cents }) => ({ ...state, cents: state.cents + cents, entries: state.entries + 1 }),
    withdrawn: (state, { cents }) => ({ ...state, cents: state.cents - cents, entries: state.entries + 1 }),
  },
  commands: {
    deposit: { input: entry, decide: (_, input, emit) => emit.deposited(input) },
  },
  snapshots: { everyEvents: 1_000 },
});
