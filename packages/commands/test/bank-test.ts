import type { EventStore } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { account, accountEvents, openFor, transfer } from '@leftfold/testbed/bank';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { createCommandExecutor } from '../src/index.ts';

/** `test` with a log for the file. The two stores have nothing in common but the database. */
export const test = databaseTest({
  name: 'event-store',
  run: async (connectionString) => {
    await using store = createEventStore({ connectionString, events: [] });
    await store.migrate();
  },
})
  .extend('store', { scope: 'file' }, ({ database }, fixture) => disposeAfter(fixture, openStore(database)))
  .extend('otherStore', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database)),
  )
  .extend('bank', ({ store }) => openBank(store));

function openStore({ connectionString }: TestDatabase) {
  return createEventStore({ connectionString, events: [accountEvents], maxConnections: 4 });
}

/** An executor with a cache and a queue of its own, as another process would have. */
export function openBank(store: EventStore) {
  return createCommandExecutor({ store, aggregates: [account], decisions: [transfer, openFor] });
}

export async function recordedOf(store: EventStore, streamId: string) {
  const events = [];
  for await (const event of store.readStream(streamId)) events.push(event);
  return events;
}
