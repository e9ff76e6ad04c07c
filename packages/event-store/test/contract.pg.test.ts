import { databaseTest } from '@leftfold/testbed/database';
import { storeContract } from '@leftfold/testing/contract';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { createEventStore } from '../src/index.ts';

let connectionString: TestDatabase['connectionString'];

// The contract brings its own tests, which know no fixture.
databaseTest().beforeAll(({ database }) => {
  ({ connectionString } = database);
});

const migrated = new Set<string>();

// Each log of the contract is a schema of one database.
storeContract({
  name: 'the store on Postgres',
  createStore: async ({ log, events }) => {
    const store = createEventStore({ connectionString, schema: log, events });
    if (!migrated.has(log)) await store.migrate();
    migrated.add(log);
    return store;
  },
});
