import { databaseTest, disposeAfter } from '@leftfold/testbed/database';
import { createRoleLogins, type RoleLogins } from '@leftfold/testbed/roles';
import { storeContract } from '@leftfold/testing/contract';
import { createEventStore } from '../src/index.ts';

let logins: RoleLogins;

// The contract brings its own tests, which know no fixture.
databaseTest()
  .extend('logins', { scope: 'file' }, async ({ database }, fixture) =>
    disposeAfter(fixture, await createRoleLogins(database)),
  )
  .beforeAll(({ logins: created }) => {
    logins = created;
  });

const migrated = new Map<string, Promise<void>>();

/** Each log of the contract is a schema of one database, and belongs to the role of the owner. */
async function migrate(schema: string): Promise<void> {
  await logins.grant({ schema });
  await using store = createEventStore({ connectionString: logins.urlOf('owner'), schema, events: [] });
  await store.migrate();
  await logins.grant({ schema });
}

storeContract({
  name: 'the store on Postgres, for the role of an app',
  createStore: async ({ log, events }) => {
    if (!migrated.has(log)) migrated.set(log, migrate(log));
    await migrated.get(log);
    return createEventStore({ connectionString: logins.urlOf('app'), schema: log, events });
  },
});
