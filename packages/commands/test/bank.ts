import { defineAggregate, defineDecision, defineEvents, type EventStore, reject } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { z } from 'zod';
import { createCommandExecutor } from '../src/index.ts';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1), note: z.string().optional() }),
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents }),
});

export interface AccountState {
  readonly open: boolean;
  readonly cents: number;
  readonly movements: number;
}

const initialState: AccountState = { open: false, cents: 0, movements: 0 };

/** The bank's account, as often as a test needs one of its own options. */
export function accountWith(options: {
  readonly snapshots?: { readonly everyEvents: number };
  readonly stateVersion?: number;
}) {
  return defineAggregate({
    ...options,
    events: accountEvents,
    initialState,
    evolve: {
      opened: (state) => ({ ...state, open: true }),
      deposited: (state, data) => ({
        ...state,
        cents: state.cents + data.cents,
        movements: state.movements + 1,
      }),
      withdrawn: (state, data) => ({
        ...state,
        cents: state.cents - data.cents,
        movements: state.movements + 1,
      }),
    },
    rejections: ['account-already-open', 'insufficient-funds'],
    commands: {
      open: {
        input: z.object({ owner: z.string().min(1) }),
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
      /** Brings the balance to an amount, if it is not there yet. */
      levelTo: {
        input: z.object({ cents }),
        decide: (state, input, emit) =>
          input.cents > state.cents ? emit.deposited({ cents: input.cents - state.cents }) : [],
      },
    },
  });
}

export const account = accountWith({});

export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents }),
  rejections: ['insufficient-funds', 'account-not-open'],
  decide: ({ from, to }, input, emit) => {
    if (!to.open) return reject('account-not-open');
    if (input.cents > from.cents) return reject('insufficient-funds');
    return { from: emit.from.withdrawn(input), to: emit.to.deposited(input) };
  },
});

/** Opens an account for one that is in credit, without touching that one. */
export const openFor = defineDecision({
  name: 'open-for',
  aggregates: { guarantor: account, fresh: account },
  input: z.object({ owner: z.string() }),
  decide: ({ guarantor }, { owner }, emit) =>
    guarantor.cents > 0 ? { fresh: emit.fresh.opened({ owner }) } : reject('no-guarantee'),
});

/** A migrated database of its own for one test file. */
export function createMigratedDatabase() {
  return createTestDatabase({
    prepare: {
      name: 'event-store',
      run: async (connectionString) => {
        await using store = createEventStore({ connectionString, events: [] });
        await store.migrate();
      },
    },
  });
}

export function openStore(connectionString: string): PostgresEventStore {
  return createEventStore({ connectionString, events: [accountEvents], maxConnections: 4 });
}

/** What another process would have, as far as the database can tell: a cache and turns of its own. */
export function openBank(store: EventStore) {
  return createCommandExecutor({ store, aggregates: [account], decisions: [transfer, openFor] });
}

export async function recordedOf(store: EventStore, streamId: string) {
  const events = [];
  for await (const event of store.readStream(streamId)) events.push(event);
  return events;
}
