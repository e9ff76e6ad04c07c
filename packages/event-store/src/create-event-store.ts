import type { AnyEventGroup, RecordedEventOf } from '@leftfold/core';
import type { EventStoreOptions } from './event-store-options.ts';
import { PostgresEventStore } from './postgres-event-store.ts';

/**
 * Creates an event store on PostgreSQL. It makes no request yet: call `migrate()` first.
 *
 * @example
 * await using store = createEventStore({ connectionString, events: [accountEvents] });
 * await store.migrate();
 * await store.append('account-acc-1', [accountEvents.create.opened({ owner: 'Ada' })], { expectedVersion: 'no-stream' });
 * for await (const event of store.readStream('account-acc-1')) console.log(event.type, event.data);
 */
export function createEventStore<const TGroups extends readonly AnyEventGroup[]>(
  options: EventStoreOptions<TGroups>,
): PostgresEventStore<RecordedEventOf<TGroups[number]>> {
  return new PostgresEventStore(options);
}
