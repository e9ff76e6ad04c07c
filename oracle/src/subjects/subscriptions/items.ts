import { defineAggregate, defineEvents } from '@leftfold/core';
import { z } from 'zod';

/** Subscriptions that cannot process an event before a release that is newer. */
export const READERS_THAT_FAIL = ['cards', 'pairs', 'counters', 'notices'] as const;
/** Of these, no release can process the event: it has to be given up. */
export const NEVER_CURED = 1_000_000;

const added = z.object({
  amount: z.int(),
  /** Items are in groups: what reads by group reads events of several streams. */
  group: z.string(),
  /** The subscription that fails at this event, before the release with this number. */
  poison: z.object({ for: z.string(), before: z.int() }).nullable(),
});
export type Added = z.infer<typeof added>;

const touched = z.object({ amount: z.int() });
export type Touched = z.infer<typeof touched>;

export const itemEvents = defineEvents('item', { added, touched });

export const item = defineAggregate({
  events: itemEvents,
  initialState: { events: 0 },
  evolve: {
    added: ({ events }) => ({ events: events + 1 }),
    touched: ({ events }) => ({ events: events + 1 }),
  },
  commands: {
    add: { input: added, decide: (_state, input, emit) => emit.added(input) },
    touch: { input: touched, decide: (_state, input, emit) => emit.touched(input) },
  },
});

const counted = z.object({
  /** The id of the event that led to the command. */
  source: z.string(),
});

const tallyEvents = defineEvents('tally', { counted });

/** Takes every command: one that is executed twice is in the log twice. */
export const tally = defineAggregate({
  events: tallyEvents,
  initialState: {},
  evolve: { counted: (state) => state },
  commands: { count: { input: counted, decide: (_state, input, emit) => emit.counted(input) } },
});
