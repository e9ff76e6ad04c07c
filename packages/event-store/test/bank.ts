import { defineEvents, type NewEvent } from '@leftfold/core';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { z } from 'zod';
import { createEventStore, type EventStoreOptions } from '../src/index.ts';

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string() }),
  deposited: z.object({ cents: z.int() }),
});

export const opened = accountEvents.create.opened({ owner: 'Ada' });
export const deposited = (cents: number): NewEvent => accountEvents.create.deposited({ cents });

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

export type MigratedDatabase = Awaited<ReturnType<typeof createMigratedDatabase>>;

export function openStore(connectionString: string, options: Partial<EventStoreOptions> = {}) {
  return createEventStore({ connectionString, events: [accountEvents], ...options });
}

/** Everything that an iteration hands out, or its first `limit` things. */
export async function collect<T>(things: AsyncIterable<T>, limit = Number.POSITIVE_INFINITY): Promise<T[]> {
  const collected: T[] = [];
  if (limit <= 0) return collected;
  for await (const thing of things) {
    collected.push(thing);
    if (collected.length >= limit) break;
  }
  return collected;
}

/** What a call rejects with. */
export async function failureOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call;
  } catch (error) {
    return error;
  }
  throw new Error('the call was expected to fail, and did not');
}
