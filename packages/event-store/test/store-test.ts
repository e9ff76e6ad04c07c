import { accountEvents } from '@leftfold/testbed/bank';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { collect } from '@leftfold/testbed/outcome';
import type { Preparation } from '@leftfold/testing/postgres';
import { createEventStore, type EventStoreOptions } from '../src/index.ts';

/** Brings a database to the state of a migrated, empty log. */
export const migratedLog: Preparation = {
  name: 'event-store',
  run: async (connectionString) => {
    await using store = createEventStore({ connectionString, events: [] });
    await store.migrate();
  },
};

/** `test` with a migrated log for the file, and a store of its own for the test file. */
export const test = databaseTest(migratedLog)
  .extend('store', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database.connectionString)),
  )
  .extend(
    'versionsOf',
    ({ store }) =>
      async (streamId: string) =>
        (await collect(store.readStream(streamId))).map(({ streamVersion }) => streamVersion),
  );

export function openStore(connectionString: string, options: Partial<EventStoreOptions> = {}) {
  return createEventStore({ connectionString, events: [accountEvents], ...options });
}

export const positionsOf = (events: readonly { readonly position: number }[]) =>
  events.map(({ position }) => position);
