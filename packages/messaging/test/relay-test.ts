import { defineEvents } from '@leftfold/core';
import { createEventStore, type PostgresEventStore } from '@leftfold/event-store';
import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { z } from 'zod';
import {
  type AnyRelay,
  createRelayRunner,
  defineRelay,
  type RelayRunner,
  type RelayRunnerOptions,
  type Transport,
} from '../src/index.ts';

/** Private events. */
export const orderEvents = defineEvents('order', {
  placed: z.object({ cents: z.int(), note: z.string() }),
  noted: z.object({}),
});

/** The published language. */
export const orderMessages = defineEvents('orders', { placed: z.object({ total: z.number() }) });

export const placed = (cents: number) => orderEvents.create.placed({ cents, note: 'private' });

type Options = Partial<Pick<AnyRelay, 'name' | 'version' | 'source' | 'mode' | 'slices' | 'onFailure'>> & {
  readonly retry?: { readonly attempts: number; readonly firstDelayMs: number };
  readonly start?: AnyRelay['start'];
  readonly map?: (cents: number) => number | undefined;
  readonly key?: (event: { readonly streamId: string }) => string;
};

/** Publishes what orders cost, from the beginning of the log. */
export function ordersRelay(transport: Transport, { map = (cents) => cents, ...options }: Options = {}) {
  return defineRelay({
    name: 'orders-out',
    source: '/shop/orders',
    start: 'beginning',
    retry: { attempts: 3, firstDelayMs: 5 },
    ...options,
    transport,
    events: [orderEvents],
    publishes: [orderMessages],
    map: {
      'order.placed': ({ data }) => {
        const total = map(data.cents);
        return total === undefined ? undefined : orderMessages.create.placed({ total });
      },
    },
  });
}

export function relaying(
  store: PostgresEventStore,
  relays: readonly AnyRelay[],
  options: Partial<RelayRunnerOptions> = {},
): RelayRunner {
  return createRelayRunner({ leaseMs: 2_000, onIncident: () => {}, store, relays, ...options });
}

let logs = 0;

export const openStore = (connectionString: string, schema: string) =>
  createEventStore({ connectionString, schema, events: [orderEvents] });

/** `test` with an empty log for each test. */
export const test = databaseTest().extend('store', async ({ database }, fixture) => {
  logs += 1;
  const store = openStore(database.connectionString, `log_${logs}`);
  await store.migrate();
  return disposeAfter(fixture, store);
});
