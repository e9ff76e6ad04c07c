// https://event-driven-io.github.io/emmett: its PostgreSQL event store, and a projector. The handler accepts many
// events at once; this version of emmett passes one at a time.
import { getPostgreSQLEventStore, postgreSQLProjection } from '@event-driven-io/emmett-postgresql';
import pg from 'pg';
import { upsertTotals } from './totals.mjs';

export async function open(connectionString) {
  const pool = new pg.Pool({ connectionString, max: 20 });
  const store = getPostgreSQLEventStore(connectionString, { connectionOptions: { pool } });
  await store.schema.migrate();
  const options = { expectedStreamVersion: 'STREAM_DOES_NOT_EXIST' };
  const toEvent = (entry) => ({ type: 'Deposited', data: entry });
  return {
    append: (accountId, entry) => store.appendToStream(`account-${accountId}`, [toEvent(entry)], options),
    appendMany: (accountId, entries) =>
      store.appendToStream(`account-${accountId}`, entries.map(toEvent), options),
    async project(name) {
      const consumer = store.consumer({ pulling: { batchSize: 200, pullingFrequencyInMs: 10 } });
      consumer.projector({
        processorId: name,
        projection: postgreSQLProjection({
          name,
          canHandle: ['Deposited'],
          handle: (events, { connection }) =>
            upsertTotals(
              connection.client,
              events.map(({ data, metadata }) => ({ accountId: metadata.streamName, cents: data.cents })),
            ),
        }),
      });
      const running = consumer.start();
      running.catch(() => {});
      return async () => {
        await consumer.close();
      };
    },
    async close() {
      await store.close();
      await pool.end();
    },
  };
}
