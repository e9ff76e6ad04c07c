// https://castore-dev.github.io/castore: its PostgreSQL adapter. It has no projections.
import { PostgresEventStorageAdapter } from '@castore/event-storage-adapter-postgres';

const context = { eventStoreId: 'ACCOUNTS' };

export async function open(connectionString) {
  await PostgresEventStorageAdapter.createEventTable({
    connectionString,
    aggregateId: { type: 'VARCHAR', length: 64 },
  });
  const adapter = new PostgresEventStorageAdapter({ connectionString });
  const push = (aggregateId, payload, version) =>
    adapter.pushEvent({ aggregateId, version, type: 'DEPOSITED', payload }, context);
  return {
    append: (accountId, entry) => push(accountId, entry, 1),
    async appendMany(accountId, entries) {
      for (const [index, entry] of entries.entries()) await push(accountId, entry, index + 1);
    },
    close: async () => {},
  };
}
