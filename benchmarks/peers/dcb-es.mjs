// https://www.npmjs.com/package/@dcb-es/event-store-postgres: appends with a condition, and a handler with a bookmark.
import { Query, Tags } from '@dcb-es/event-store';
import { ensureHandlersInstalled, PostgresEventStore, runHandler } from '@dcb-es/event-store-postgres';
import pg from 'pg';
import { upsertOne } from './totals.mjs';

export async function open(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 20 });
  const store = new PostgresEventStore({ pool });
  await store.ensureInstalled();
  const append = (accountId, entries) => {
    const tags = Tags.fromObj({ account: accountId });
    return store.append({
      events: entries.map((data) => ({ type: 'Deposited', tags, data, metadata: {} })),
      condition: { failIfEventsMatch: Query.fromItems([{ types: ['Deposited'], tags }]) },
    });
  };
  return {
    append: (accountId, entry) => append(accountId, [entry]),
    appendMany: append,
    async project(name) {
      await ensureHandlersInstalled(pool, [name], '_handler_bookmarks');
      const stopping = new AbortController();
      const { promise } = runHandler({
        pool,
        eventStore: store,
        handlerName: name,
        signal: stopping.signal,
        handlerFactory: (client) => ({
          when: {
            Deposited: async ({ event }) => {
              const [account] = event.tags.values;
              await client.query(upsertOne, [account, event.data.cents]);
            },
          },
        }),
      });
      promise.catch(() => {});
      return async () => {
        stopping.abort();
        await promise.catch(() => {});
      };
    },
    close: () => pool.end(),
  };
}
