import type { EventStore } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { account, accountEvents, openFor, transfer } from '@leftfold/testbed/bank';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { createRoleLogins } from '@leftfold/testbed/roles';
import { createCommandExecutor } from '../src/index.ts';

/** `test` with a log for the file, and two stores with the role of an app and nothing in common but the database. */
export const test = databaseTest()
  .extend('appUrl', { scope: 'file' }, async ({ database }, fixture) => {
    const logins = disposeAfter(fixture, await createRoleLogins(database));
    await using store = openStore(logins.urlOf('owner'));
    await store.migrate();
    await logins.grant();
    return logins.urlOf('app');
  })
  .extend('store', { scope: 'file' }, ({ appUrl }, fixture) => disposeAfter(fixture, openStore(appUrl)))
  .extend('otherStore', { scope: 'file' }, ({ appUrl }, fixture) => disposeAfter(fixture, openStore(appUrl)))
  .extend('bank', ({ store }) => openBank(store));

function openStore(connectionString: string) {
  return createEventStore({ connectionString, events: [accountEvents, courseEvents], maxConnections: 4 });
}

/** An executor with a cache and a queue of its own, as another process would have. */
export function openBank(store: EventStore) {
  const decisions = [transfer, openFor, plan, subscribe] as const;
  return createCommandExecutor({ store, aggregates: [account], decisions });
}

export async function recordedOf(store: EventStore, streamId: string) {
  const events = [];
  for await (const event of store.readStream(streamId)) events.push(event);
  return events;
}
