import { beginTransaction } from '@leftfold/testbed/database';
import { untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { test } from './engine-test.ts';
import { createRunner, recorder } from './recorder.ts';

/** As the switch of a rebuild does: other rows have the name when it is committed. */
const rename = (schema: string) => `
  update "${schema}".subscriptions set name = 'recorder+aside' where name = 'recorder';
  update "${schema}".subscriptions set name = 'recorder' where name = 'recorder+copy';
  update "${schema}".subscriptions set name = 'recorder+copy' where name = 'recorder+aside'`;

test('a lock that waits for the switch of a rebuild is one of the rows that have the name then', async ({
  connectionString,
  adminStore: store,
}) => {
  const { schema } = store;
  const subscription = recorder(store, 'recorder');
  await using runner = createRunner(store, [subscription]);
  await runner.migrate();
  const rows = sql.raw(`"${schema}".subscriptions`);
  await sql`
    insert into ${rows} (name, version, slice, slices, definition, definition_hash, position)
    select 'recorder+copy', version, added.slice, 2, definition, definition_hash, 7
      from ${rows} cross join generate_series(0, 1) as added (slice)`.execute(store.db);
  await using switching = await beginTransaction(connectionString);
  await switching.client.query(rename(schema));
  await using locking = await beginTransaction(connectionString);
  const locked = locking.client.query(`select "${schema}"._lock_subscription('recorder', 1)`);
  await using asking = await beginTransaction(connectionString);
  await untilBlocked(connectionString);
  await switching.commit();
  await locked;
  const { rows: free } = await sql`
    select from ${rows} where name = 'recorder' for update skip locked`.execute(store.db);
  expect(free).toEqual([]);
  // Another number of slices is asked for likewise: from the foremost of the rows that are there.
  const asked = asking.client.query(`select "${schema}"._request_slices('{recorder}', '{1}', '{3}')`);
  await untilBlocked(connectionString);
  await locking.client.query(rename(schema));
  await locking.commit();
  await asked;
  await asking.commit();
  const { rows: divided } = await sql`
    select distinct slices, next_slices from ${rows} where name = 'recorder'`.execute(store.db);
  expect(divided).toEqual([{ slices: 3, next_slices: null }]);
});
