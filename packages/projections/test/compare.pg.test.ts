import { type AnyProjection, defineProjection, defineTableProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { accountEvents } from '@leftfold/testbed/bank';
import { describe, expect } from 'vitest';
import { type CompareOptions, compareTables } from '../src/compare/compare-tables.ts';
import { TableSnapshot } from '../src/compare/table-snapshot.ts';
import { test } from './runner-test.ts';
import { ProjectionTables } from '../src/tables/projection-tables.ts';

const values = defineTableProjection({
  name: 'values',
  events: [accountEvents],
  columns: {
    tenant: 'text',
    id: 'numeric',
    note: 'text null',
    whole: 'bigint null',
    exact: 'numeric null',
    ratio: 'double precision null',
    at: 'timestamptz null',
    day: 'date null',
    json: 'jsonb null',
  },
  key: ({ streamId }) => ({ tenant: streamId, id: '1' }),
  initialRow: { note: null, whole: null, exact: null, ratio: null, at: null, day: null, json: null },
  evolve: { 'account.deposited': (row) => row },
});

const found = 'log__values_v1';
const expected = 'log__values_v1_right';

async function createTwice(store: PostgresEventStore, projection: AnyProjection): Promise<void> {
  for (const schema of [found, expected]) {
    await store.pool.query(`drop schema if exists ${schema} cascade; create schema ${schema}`);
    const tables = new ProjectionTables(store.schema, projection);
    await store.inTransaction(({ tx }) => tables.recreate(tx));
    for (const { name } of projection.tables)
      await store.pool.query(`alter table "${tables.schema}"."${name}" set schema ${schema}`);
  }
}

async function compare(store: PostgresEventStore, projection: AnyProjection, options: CompareOptions = {}) {
  const schemas = { found, expected };
  await using snapshot = await TableSnapshot.take(store, projection, schemas);
  return await compareTables(snapshot.run, projection, schemas, options);
}

describe('the comparison of two copies of a read model', () => {
  test('names the rows that differ, and their columns', async ({ adminStore: store }) => {
    await createTwice(store, values);
    await store.pool.query(`
      insert into ${expected}.values
      select 'tenant ' || n % 7, n, case when n % 3 = 0 then '' end, 9007199254740993 + n, n / 10.0, n / 3.0,
             'epoch'::timestamptz + n * interval '1 microsecond', 'epoch'::date + n, jsonb_build_object('a', n, 'b', null)
        from generate_series(1, 5000) as n;
      insert into ${found}.values select * from ${expected}.values order by random()`);
    expect(await compare(store, values)).toEqual({
      equal: true,
      rows: 5_000,
      missing: 0,
      extra: 0,
      different: 0,
      keys: [],
      truncated: false,
    });

    const wrong: readonly (readonly [id: number, change: string, columns: readonly string[]])[] = [
      [1, `note = ''`, ['note']],
      [3, `note = null`, ['note']],
      [2, `whole = whole + 1`, ['whole']],
      [10, `exact = 1.00`, ['exact']],
      [20, `ratio = ratio + 1e-15`, ['ratio']],
      [30, `at = at + interval '1 microsecond'`, ['at']],
      [40, `day = day + 1, json = '{"a": 40}'`, ['day', 'json']],
      [50, `json = '{"b": null, "a": 50}'`, []],
      [60, `id = 60.00`, ['id']],
      [70, `json = 'null'`, ['json']],
      [80, `json = null`, ['json']],
    ];
    for (const [id, change] of wrong)
      await store.pool.query(`update ${found}.values set ${change} where id = ${id}`);
    await store.pool.query(`
      delete from ${found}.values where id = 100;
      insert into ${found}.values (tenant, id) values ('another', 100)`);
    const difference = await compare(store, values);
    expect(difference).toMatchObject({ equal: false, rows: 5_000, missing: 1, extra: 1, truncated: false });
    const differing = wrong.filter(([, , columns]) => columns.length > 0);
    expect(difference.different).toBe(differing.length);
    expect(new Set(difference.keys)).toEqual(
      new Set([
        ...differing.map(([id, , columns]) => ({
          table: 'values',
          key: { tenant: `tenant ${id % 7}`, id: String(id) },
          kind: 'different',
          columns,
        })),
        { table: 'values', key: { tenant: 'tenant 2', id: '100' }, kind: 'missing', columns: [] },
        { table: 'values', key: { tenant: 'another', id: '100' }, kind: 'extra', columns: [] },
      ]),
    );

    const limited = await compare(store, values, { limit: 3 });
    expect(limited).toEqual({ ...difference, keys: limited.keys, truncated: true });
    expect(limited.keys).toHaveLength(3);
    expect(await compare(store, values, { limit: 0 })).toEqual({ ...limited, keys: [] });
  });

  test('finds two rows whose values were exchanged', async ({ adminStore: store }) => {
    await createTwice(store, values);
    // Both in one bucket, of the least number of buckets.
    await store.pool.query(`
      insert into ${expected}.values (tenant, id, whole) select 'a', n, n from generate_series(1, 1000) as n;
      insert into ${found}.values select * from ${expected}.values;
      with pair as (select min(id) as one, max(id) as other from ${expected}.values
                     group by hash_record_extended(row(tenant, id), 0) & 63 having count(*) > 1 limit 1)
      update ${found}.values set whole = pair.one + pair.other - whole from pair where id in (pair.one, pair.other)`);
    expect(await compare(store, values)).toMatchObject({ different: 2, missing: 0, extra: 0 });
  });

  test('compares all tables of a projection, and empty ones', async ({ adminStore: store }) => {
    const two = defineProjection({
      name: 'two',
      events: [accountEvents],
      tables: {
        ones: { columns: { id: 'uuid', size: 'integer' }, primaryKey: ['id'] },
        keys: {
          columns: { on_day: 'date', at: 'timestamptz', flag: 'boolean' },
          primaryKey: ['on_day', 'at', 'flag'],
        },
      },
      on: { 'account.opened': async () => {} },
    });
    await createTwice(store, two);
    expect(await compare(store, two)).toMatchObject({ equal: true, rows: 0 });
    await store.pool.query(`
      insert into ${expected}.ones values (gen_random_uuid(), 1);
      insert into ${found}.keys values ('2024-02-29', '2024-02-29T00:00:00Z', true)`);
    const { keys, rows } = await compare(store, two);
    expect(rows).toBe(1);
    expect(keys).toEqual([
      expect.objectContaining({ table: 'ones', kind: 'missing' }),
      {
        table: 'keys',
        kind: 'extra',
        key: { on_day: '2024-02-29', at: new Date('2024-02-29T00:00:00Z'), flag: true },
        columns: [],
      },
    ]);
  });

  test('finds one wrong row of a million, in statements that are short', async ({ adminStore: store }) => {
    await createTwice(store, values);
    await store.pool.query(`
      insert into ${expected}.values (tenant, id, whole) select 'tenant', n, n from generate_series(1, 1000000) as n;
      insert into ${found}.values select * from ${expected}.values;
      update ${found}.values set whole = 0 where id = 777777`);
    let longestMs = 0;
    let calledAt = performance.now();
    const shares: number[] = [];
    const began = performance.now();
    const difference = await compare(store, values, {
      onProgress: (done, total) => {
        longestMs = Math.max(longestMs, performance.now() - calledAt);
        calledAt = performance.now();
        shares.push(done / total);
      },
    });
    expect(difference).toMatchObject({
      rows: 1_000_000,
      different: 1,
      keys: [{ key: { tenant: 'tenant', id: '777777' }, columns: ['whole'] }],
    });
    expect(performance.now() - began).toBeLessThan(30_000);
    expect(longestMs).toBeLessThan(5_000);
    expect(shares.length).toBeGreaterThan(4);
    expect(shares).toEqual(shares.toSorted((one, other) => one - other));
    expect(shares.at(-1)).toBe(1);
  });

  test('reads one snapshot, while rows change', async ({ adminStore: store }) => {
    await createTwice(store, values);
    await store.pool.query(`
      insert into ${expected}.values (tenant, id) select 'a', n from generate_series(1, 1000) as n;
      insert into ${found}.values select * from ${expected}.values`);
    const schemas = { found, expected };
    await using snapshot = await TableSnapshot.take(store, values, schemas);
    await store.pool.query(`
      update ${found}.values set note = 'later';
      delete from ${expected}.values where id < 500; insert into ${found}.values (tenant, id) values ('b', 1)`);
    expect(await compareTables(snapshot.run, values, schemas)).toMatchObject({ equal: true, rows: 1_000 });
    expect(await compare(store, values)).toMatchObject({ missing: 0, extra: 500, different: 501 });
  });

  test('ends with its signal', async ({ adminStore: store }) => {
    await createTwice(store, values);
    await store.pool.query(`insert into ${expected}.values (tenant, id) values ('a', 1)`);
    const signal = AbortSignal.abort(new Error('stopped by the caller'));
    await expect(compare(store, values, { signal })).rejects.toThrow('stopped by the caller');
  });

  test('fails when another table got the name meanwhile', async ({ adminStore: store }) => {
    await createTwice(store, values);
    await store.pool.query(`insert into ${expected}.values (tenant, id) values ('a', 1)`);
    await using snapshot = await TableSnapshot.take(store, values, { found, expected });
    const another = `another_${store.schema}`;
    let renamed: Promise<unknown> | undefined;
    const run: typeof snapshot.run = async (statement) => {
      await renamed;
      return snapshot.run(statement);
    };
    const onProgress = () => {
      renamed ??= store.pool.query(`
        alter schema ${found} rename to ${another}; create schema ${found};
        create table ${found}.values (like ${another}.values including all)`);
    };
    await expect(compareTables(run, values, { found, expected }, { onProgress })).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
    });
  });
});
