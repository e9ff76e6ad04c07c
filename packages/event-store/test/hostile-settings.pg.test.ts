import { databaseTest, setHostileSettings } from '@leftfold/testbed/database';
import { storeContract } from '@leftfold/testing/contract';
import type { TestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';
import { createEventStore } from '../src/index.ts';

let connectionString: TestDatabase['connectionString'];

// As in contract.pg.test.ts.
databaseTest().beforeAll(async ({ database }) => {
  ({ connectionString } = database);
  await setHostileSettings(connectionString, database.name);
});

const migrated = new Set<string>();
const pools = new Map<string, pg.Pool>();

/** Every second store has a pool of the caller's. */
function connectionOf(log: string) {
  if (migrated.size % 2 === 0) return { connectionString };
  const pool = pools.get(log) ?? new pg.Pool({ connectionString, allowExitOnIdle: true });
  pools.set(log, pool);
  return { pool };
}

storeContract({
  name: 'the store on Postgres whose settings are not the defaults',
  createStore: async ({ log, events }) => {
    const store = createEventStore({ ...connectionOf(log), schema: log, events });
    if (!migrated.has(log)) await store.migrate();
    migrated.add(log);
    return store;
  },
});
