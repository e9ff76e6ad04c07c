import { account, balances } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { expect } from 'vitest';
import { createApp } from '../src/index.ts';

const test = databaseTest();

test('a function that has the name of one of PostgreSQL and exacter arguments is not called instead', async ({
  database,
}) => {
  const { connectionString } = database;
  const transaction = await beginTransaction(connectionString);
  // In a schema that is searched by default.
  await transaction.client.query(`
    create function public.unnest(text[]) returns setof text language sql as 'select null::text where false';
    create function public.unnest(bigint[]) returns setof bigint language sql as 'select 0::bigint where false';
    create function public.array_agg(text) returns text[] language sql as 'select null::text[]';`);
  await transaction.commit();
  const open = () =>
    createApp({ database: { url: connectionString }, aggregates: [account], projections: [balances] });
  for (let round = 1; round <= 2; round += 1) {
    await using app = await open();
    const { token } = await app.execute(account.command.deposit('namesake', { cents: 5 }));
    const [row] = await app.query(balances, { atLeast: token }).execute();
    expect(row).toMatchObject({ cents: 5 * round });
  }
  await using app = await open();
  expect(await app.projections.verify(balances)).toMatchObject({ equal: true });
});
