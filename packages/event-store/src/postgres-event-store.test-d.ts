import { type AnyEventGroup, defineEvents, type RecordedEvent, type RecordedEventOf } from '@leftfold/core';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import { createEventStore } from './create-event-store.ts';
import type { PostgresEventStore } from './postgres-event-store.ts';

const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  deposited: z.object({ cents: z.int() }),
});
const cartEvents = defineEvents('cart', { emptied: z.object({}) });
type Event = RecordedEventOf<typeof accountEvents | typeof cartEvents>;

test('what a store reads has the types of its definitions, narrowed by type', async () => {
  const store = createEventStore({ events: [accountEvents, cartEvents] });
  for await (const event of store.readAll()) {
    expectTypeOf(event).toEqualTypeOf<Event>();
    if (event.type === 'account.opened') expectTypeOf(event.data).toEqualTypeOf<{ owner: string }>();
    // @ts-expect-error there is no such event
    if (event.type === 'account.open') break;
  }
  for await (const event of store.readStream('account-1')) expectTypeOf(event).toEqualTypeOf<Event>();
  for await (const event of store.subscribe()) expectTypeOf(event).toEqualTypeOf<Event>();
  expectTypeOf(await store.eventsOfCommand('c')).toEqualTypeOf<readonly Event[]>();
  expectTypeOf(store).toExtend<PostgresEventStore>();
});

test('a store of definitions that are not known reads events of any type', async () => {
  const groups: readonly AnyEventGroup[] = [accountEvents];
  const store = createEventStore({ events: groups });
  for await (const event of store.readAll()) expectTypeOf(event).toEqualTypeOf<RecordedEvent>();
});

test('a misspelt type in a filter or a condition does not compile', async () => {
  const store = createEventStore({ events: [accountEvents, cartEvents] });
  store.readAll({ filter: { types: ['account.opened', 'cart.emptied'] } });
  // @ts-expect-error there is no such event
  store.readAll({ filter: { types: ['account.open'] } });
  // @ts-expect-error there is no such event
  store.subscribe({ filter: { types: ['account.open'] } });
  await store.append('account-1', [], {
    condition: { failIfMatch: { tags: ['email:a'], types: ['account.opened'] } },
  });
  await store.append('account-1', [], {
    // @ts-expect-error there is no such event, so that the condition would never fail
    condition: { failIfMatch: { tags: ['email:a'], types: ['account.open'] } },
  });
  await store.appendToStreams([], {
    // @ts-expect-error there is no such event
    condition: { failIfMatch: { tags: ['email:a'], types: ['account.open'] } },
  });
});
