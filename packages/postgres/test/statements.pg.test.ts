import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { CompiledQuery } from 'kysely';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { borrow, kyselyOn, runnerInTransaction, runnerOn, textArray } from '../src/index.ts';

const test = databaseTest();

describe('a statement', () => {
  test('with a name is prepared, unless the connection cannot keep it', async ({ pool }) => {
    const client = await pool.connect();
    const statement = { name: 'one', text: 'select $1::integer as one', values: [1] };
    const prepared = { name: undefined, text: 'select name from pg_prepared_statements', values: [] };
    expect(await runnerOn(client, { prepare: false })(statement)).toEqual([{ one: 1 }]);
    expect(await runnerOn(client, { prepare: false })(prepared)).toEqual([]);
    expect(await runnerOn(client, { prepare: true })(statement)).toEqual([{ one: 1 }]);
    expect(await runnerOn(client, { prepare: true })(prepared)).toEqual([{ name: 'one' }]);
    client.release();
  });

  test('that is several answers with the rows of the last one', async ({ pool }) => {
    const run = runnerOn(pool, { prepare: true });
    const text = 'select 1 as one; select 2 as two';
    expect(await run({ name: undefined, text, values: [] })).toEqual([{ two: 2 }]);
  });

  test('runs in a transaction of the caller, whether pg or kysely began it', async ({ pool }) => {
    const statement = { name: 'id', text: 'select pg_current_xact_id()::text as id', values: [] };
    const db = kyselyOn<unknown>(pool, undefined);
    const ids = await db.transaction().execute(async (transaction) => {
      const run = runnerInTransaction(transaction);
      return [await run(statement), await run(statement)];
    });
    expect(ids[0]).toEqual(ids[1]);
  });

  test('with more parameters than the protocol allows is refused, and the most are taken', async ({
    pool,
  }) => {
    const sum = (count: number) => {
      const values = Array.from({ length: count }, (_, index) => index);
      return {
        text: `select (array[${values.map((index) => `$${index + 1}::int`).join()}])[2] as one`,
        values,
      };
    };
    const run = runnerOn(pool, { prepare: false });
    const db = kyselyOn(pool, undefined);
    const ways = [
      async (count: number) => run({ name: undefined, ...sum(count) }),
      async (count: number) => {
        const { text, values } = sum(count);
        return (await db.executeQuery(CompiledQuery.raw(text, values))).rows;
      },
    ];
    for (const ask of ways) {
      expect(await failureOf(ask(65_536))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        message: expect.stringMatching(/are 65536, the limit of PostgreSQL is 65535; .* any/),
      });
      expect(await ask(65_535)).toEqual([{ one: 1 }]);
    }
  });
});

test('of the calls that wait for a connection, those beyond the limit are refused', async ({ database }) => {
  guarantee('bounded-waits');
  const pool = new pg.Pool({ connectionString: database.connectionString, max: 1 });
  const run = runnerOn(pool, { prepare: false });
  const statement = { name: undefined, text: 'select 1 as one', values: [] };
  const { release } = await borrow(pool);
  const waiting = Array.from({ length: 10_000 }, () => run(statement));
  const refused = {
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('10000 calls of this process wait for a connection'),
  };
  expect(await failureOf(run(statement))).toMatchObject(refused);
  expect(await failureOf(borrow(pool))).toMatchObject(refused);
  expect(
    await failureOf(kyselyOn(pool, undefined).executeQuery(CompiledQuery.raw('select 1'))),
  ).toMatchObject(refused);
  release();
  const rows = await Promise.all(waiting);
  expect(rows).toHaveLength(10_000);
  expect(await run(statement)).toEqual([{ one: 1 }]);
  await pool.end();
});

test('an array of texts arrives as it was, whatever is in it', async ({ pool }) => {
  const texts = [
    '',
    'NULL',
    'null',
    'a,b',
    '{x}',
    '"q"',
    '\\',
    'line\nnext\t"x"',
    '😀 \\',
    '\u2028',
    "o'clock",
  ];
  const run = runnerOn(pool, { prepare: false });
  const text = 'select $1::text[] as texts';
  expect(await run({ name: undefined, text, values: [textArray([...texts, null])] })).toEqual([
    { texts: [...texts, null] },
  ]);
});
