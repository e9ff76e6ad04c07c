import { storeContract } from '@leftfold/testing/contract';
import { createTestDatabase, type TestDatabase } from '@leftfold/testing/postgres';
import { afterAll, beforeAll } from 'vitest';
import { createEventStore } from '../src/index.ts';

let database: TestDatabase;

beforeAll(async () => {
  database = await createTestDatabase();
});

afterAll(() => database[Symbol.asyncDispose]());

const migrated = new Set<string>();

// Each log of the contract is a schema of one database.
storeContract({
  name: 'the store on Postgres',
  createStore: async ({ log, events }) => {
    const store = createEventStore({ connectionString: database.connectionString, schema: log, events });
    if (!migrated.has(log)) await store.migrate();
    migrated.add(log);
    return store;
  },
});
