import {
  type AnyProjection,
  type AnyRow,
  type Columns,
  defineEvents,
  defineProjection,
  defineTableProjection,
  type TableDefinition,
  InvalidArgumentError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { accountEvents, balances, closed, deposited, journal } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { inlineProjections, projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

const everything = {
  text: 'a "quoted" \\ {text}, NULL\n\t’€😀',
  uuid: '0b9d2c0e-6a0f-4f8e-9d3c-0123456789ab',
  integer: -2147483648,
  bigint: 9007199254740991,
  double: 0.1 + 0.2,
  numeric: '12345678901234567890.123456789000',
  flag: true,
  day: '2024-02-29',
  json: { list: [1, 'two', null, { deep: '"\\' }], empty: {} },
};

describe('tables of projections', () => {
  const indexesOf = async (store: PostgresEventStore, projection: AnyProjection) => {
    const { rows } = await sql<{ indexdef: string }>`
      select indexdef from pg_indexes where schemaname = ${projectionSchema(store.schema, projection)}`.execute(
      store.db,
    );
    return new Set(rows.map(({ indexdef }) => /\((.*)\)/.exec(indexdef)?.[1]));
  };

  test('are created by any number of processes at once', async ({ database, adminStore: store }) => {
    guarantee('concurrent-start');
    const projections = [balances, journal, ...['a', 'b', 'c'].map((name) => ({ ...balances, name }))];
    const stores = Array.from({ length: 8 }, () =>
      openStore(database.connectionString, { schema: store.schema, maxConnections: 2 }),
    );
    await Promise.all(stores.map((each) => createTestRunner(each, projections).migrate()));
    expect(await createTestRunner(store, projections).status()).toHaveLength(5);
    for (const projection of projections) expect(await rowsOf(store, projection)).toEqual([]);
    for (const each of stores) await each.close();
  });

  test('that exist already need no right to create anything', async ({ database, adminStore: store }) => {
    guarantee('least-privilege');
    await createTestRunner(store, [balances, journal]).migrate();
    const role = `reader_${store.schema}`;
    await store.pool.query(`
      create role ${role} login password 'secret';
      grant usage on schema ${store.schema}, ${store.schema}__balances_v1, ${store.schema}__journal_v1 to ${role};
      grant select, insert on all tables in schema ${store.schema} to ${role};
      grant usage, select on all sequences in schema ${store.schema} to ${role};
      grant execute on all functions in schema ${store.schema} to ${role};
      grant update on ${store.schema}.subscriptions to ${role};
      grant select, insert, update, delete on all tables in schema ${store.schema}__balances_v1, ${store.schema}__journal_v1 to ${role};
    `);
    const url = new URL(database.connectionString);
    url.username = role;
    url.password = 'secret';
    const limited = openStore(url.href, { schema: store.schema });
    const runner = createTestRunner(limited, [balances, journal]);
    await runner.start();
    const { position } = await limited.append('account-1', [deposited(1)]);
    await runner.waitFor(balances, await tokenAt(store, position));
    await runner.waitFor(journal, await tokenAt(store, position));
    const other = createTestRunner(limited, [{ ...balances, name: 'another' }]);
    expect(await failureOf(other.migrate())).toMatchObject({ code: 'MISSING_RIGHTS' });
    await runner.stop();
    await limited.close();
    await store.pool.query(`drop owned by ${role}; drop role ${role}`);
  });

  test('with a key of several columns are accepted when they exist already', async ({
    adminStore: store,
  }) => {
    const byOwner = defineTableProjection({
      name: 'by_owner',
      events: [accountEvents],
      columns: { owner: 'text', account_id: 'text', cents: 'bigint' },
      key: ({ streamId }) => ({ owner: 'Ada', account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
    });
    await createTestRunner(store, [byOwner]).migrate();
    await createTestRunner(store, [byOwner]).migrate();
    expect(await rowsOf(store, byOwner)).toEqual([]);
  });

  test.for(['excluded', 'stored', 'changed', 'advanced', 'written'])(
    'are written when one is named %s',
    async (name, { adminStore: store }) => {
      const projection = defineTableProjection({
        name,
        events: [accountEvents],
        columns: { [name]: 'text', cents: 'bigint' },
        key: ({ streamId }) => ({ [name]: streamId }),
        initialRow: { cents: 0 },
        evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
      });
      await using runner = createTestRunner(store, [projection]);
      await runner.start();
      for (const version of [1, 2]) {
        const { position } = await store.append('account-1', [deposited(version)]);
        await runner.waitFor(projection, await tokenAt(store, position));
      }
      expect(await rowsOf(store, projection)).toMatchObject([{ cents: 3 }]);
    },
  );

  test('are created with the longest names', async ({ adminStore: store }) => {
    const table = { columns: { id: 'text' }, primaryKey: ['id'], indexes: [['id']] } as const;
    const tables = Object.fromEntries(['a', 'b'].map((end) => [`${'x'.repeat(62)}${end}`, table]));
    const long = defineProjection({
      name: 'long',
      events: [accountEvents],
      tables,
      on: { 'account.opened': async () => {} },
    });
    await createTestRunner(store, [long]).migrate();
    await createTestRunner(store, [long]).migrate();
    const { rows } = await sql`
      select from pg_indexes where schemaname = ${projectionSchema(store.schema, long)}`.execute(store.db);
    expect(rows).toHaveLength(4);
  });

  test('with a column like a system column of Postgres are refused at the definition', () => {
    for (const name of ['tableoid', 'xmin', 'cmin', 'xmax', 'cmax', 'ctid']) {
      const columns = { id: 'text', [name]: 'bigint' } as const;
      const named = { name: 'named', events: [accountEvents] };
      const refusal = `column of "named" "${name}" is a system column of Postgres`;
      const options = {
        ...named,
        columns,
        key: () => ({ id: 'a' }),
        initialRow: {},
        evolve: { 'account.opened': () => null },
      };
      expect(() => defineTableProjection(options as never)).toThrow(refusal);
      const tables = { named: { columns, primaryKey: ['id'] } };
      expect(() => defineProjection({ ...named, tables, on: { 'account.opened': async () => {} } })).toThrow(
        'is a system column',
      );
    }
  });

  test('that differ from their definition are left alone, and the status says how', async ({
    adminStore: store,
  }) => {
    guarantee('table-mismatch');
    await createTestRunner(store, [balances]).migrate();
    const changed = defineTableProjection({
      name: 'balances',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'numeric', events: 'integer null', note: 'text' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: '0', events: null, note: '' },
      evolve: { 'account.deposited': (row) => row },
    });
    await using runner = createTestRunner(store, [changed]);
    await runner.start();
    const differences = [
      'eventTypes is ["account.closed","account.deposited","account.opened","account.withdrawn"], defined as ["account.deposited"]',
      'tables balances columns cents is "bigint", defined as "numeric"',
      'tables balances columns owner is not defined any more: "text"',
      'tables balances columns events is "integer", defined as "integer null"',
      'tables balances columns note is new: "text"',
    ];
    expect(await runner.status()).toMatchObject([
      { state: 'mismatched', differences: expect.arrayContaining(differences) },
    ]);
    // The next version has a table of its own, and the old one stays as it is.
    const next = { ...changed, version: 2 };
    await createTestRunner(store, [next]).migrate();
    await createTestRunner(store, [balances]).migrate();

    const otherKey = defineProjection({
      name: 'journal',
      events: [accountEvents],
      tables: {
        entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position', 'cents'] },
      },
      on: { 'account.opened': async () => {} },
    });
    await createTestRunner(store, [journal]).migrate();
    await using other = createTestRunner(store, [otherKey]);
    await other.start();
    const [status] = await other.status();
    expect(status?.differences).toContain(
      'tables entry key is ["position"], defined as ["position","cents"]',
    );
    await other.reset(otherKey);
    expect(await other.status()).toMatchObject([{ differences: [] }]);
  });

  test('that are mended by another process are used again, without a restart', async ({
    adminStore: store,
  }) => {
    await createTestRunner(store, [balances]).migrate();
    const table = `"${projectionSchema(store.schema, balances)}".balances`;
    await store.pool.query(`alter table ${table} drop column owner`);
    await using running = createTestRunner(store, [balances], { leaseMs: 300 });
    await running.start();
    await using waiting = createTestRunner(store, [balances]);
    await waiting.migrate();
    for (const runner of [running, waiting])
      expect(await runner.status()).toMatchObject([{ state: 'mismatched' }]);
    await expect(waiting.assertSame(balances)).rejects.toMatchObject({ code: 'SUBSCRIPTION_MISMATCH' });

    await store.append('account-1', [deposited(5)]);
    await createTestRunner(store, [balances]).reset(balances);
    expect(await waiting.status()).toMatchObject([{ differences: [] }]);
    await waiting.assertSame(balances);
    await running.whenCaughtUp(balances);
    expect(await running.status()).toMatchObject([{ state: 'running', differences: [] }]);
  });

  test('get indexes that are defined later', async ({ adminStore: store }) => {
    await createTestRunner(store, [balances]).migrate();
    expect(await indexesOf(store, balances)).toEqual(new Set(['account_id']));
    const table = { ...balances.table, indexes: [['owner'], ['owner', 'cents']] };
    const indexed = { ...balances, table, tables: [table] };
    for (let round = 0; round < 2; round += 1) {
      await createTestRunner(store, [indexed]).migrate();
      expect(await indexesOf(store, balances)).toEqual(new Set(['account_id', 'owner', 'owner, cents']));
    }
  });

  test('a definition that cannot become a table is refused at once', async ({ adminStore: store }) => {
    const refused = (columns: object, primaryKey: readonly string[]) => {
      const table: TableDefinition = { name: 'odd', columns: columns as Columns, primaryKey, indexes: [] };
      return () => createTestRunner(store, [{ ...balances, table, tables: [table] }]);
    };
    const error = (message: string) =>
      expect.objectContaining({ code: 'INVALID_DEFINITION', message: expect.stringContaining(message) });
    expect(refused({ id: 'varchar' }, ['id'])).toThrow(error('"varchar"; use one of text, uuid'));
    expect(refused({ id: 'text null' }, ['id'])).toThrow(error('cannot be part of the key'));
    expect(refused({ id: 'jsonb' }, ['id'])).toThrow(error('cannot be part of the key'));
    expect(refused({ id: 'text' }, ['other'])).toThrow(error('which is no column of it'));
    for (const version of [0, 1.5, 2 ** 31]) {
      expect(() => createTestRunner(store, [{ ...balances, version }])).toThrow(InvalidArgumentError);
    }
    const long = { ...balances, name: 'b'.repeat(53 - store.schema.length), version: 123_456_789 };
    expect(() => createTestRunner(store, [long])).toThrow(expect.objectContaining({ code: 'INVALID_NAME' }));
  });

  const types = defineEvents('type', { seen: z.object({ instant: z.iso.datetime() }) });
  const rowType = {
    id: 'text',
    day_key: 'date',
    at_key: 'timestamptz',
    number_key: 'double precision',
    text: 'text',
    uuid: 'uuid',
    integer: 'integer',
    bigint: 'bigint',
    double: 'double precision',
    numeric: 'numeric',
    flag: 'boolean',
    day: 'date',
    instant: 'timestamptz null',
    json: 'jsonb',
    nothing: 'text null',
    seen: 'integer',
    same: 'boolean',
  } as const;

  test.for([
    { mode: 'async', cachedRows: 0 },
    { mode: 'async', cachedRows: 100 },
    { mode: 'inline', cachedRows: 0 },
  ] as const)(
    'values of every type are read as written: $mode, $cachedRows cached rows',
    async ({ mode, cachedRows }, { database }) => {
      guarantee('column-values');
      const all = defineTableProjection({
        name: 'everything',
        mode,
        events: [types],
        columns: rowType,
        key: ({ data }) => ({
          id: 'a,b"c\\',
          day_key: '2024-12-31',
          at_key: new Date(data.instant),
          number_key: -1.5e300,
        }),
        initialRow: { ...everything, instant: null, nothing: null, seen: 0, same: true },
        evolve: {
          'type.seen': (row, { data }) => ({
            ...row,
            instant: new Date(data.instant),
            seen: row.seen + 1,
            same:
              row.same && isAsWritten(row) && (row.seen === 0 || row.instant?.toISOString() === data.instant),
          }),
        },
      });
      const schema = `types_${mode}_${cachedRows}`;
      await using plain = await freshStore(database, { schema, events: [types] });
      const odd = new URL(database.connectionString);
      odd.searchParams.set('options', '-c datestyle=SQL,DMY -c timezone=Asia/Kathmandu');
      await using store = openStore(odd.href, {
        schema,
        events: [types],
        inline: inlineProjections([all], { schema }),
      });
      await using runner = createTestRunner(store, [all], { cachedRows, batchSize: 1 });
      await runner.start();
      await runner.whenCaughtUp(all);
      const instant = '1969-07-20T20:17:40.123Z';
      for (let round = 0; round < 4; round += 1)
        await store.append('type-1', [types.create.seen({ instant })]);
      await runner.whenCaughtUp(all);
      expect(await rowsOf(plain, all)).toMatchObject([
        {
          ...everything,
          id: 'a,b"c\\',
          seen: 4,
          same: true,
          nothing: null,
          instant: new Date(instant),
          at_key: new Date(instant),
        },
      ]);
    },
  );

  test('a row that has only key columns is inserted and deleted', async ({ adminStore: store }) => {
    const open = defineTableProjection({
      name: 'open',
      events: [accountEvents],
      columns: { account_id: 'text' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: {},
      evolve: {
        'account.opened': (row) => row,
        'account.deposited': (row) => row,
        'account.closed': () => null,
      },
    });
    await using runner = createTestRunner(store, [open]);
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await store.append('account-2', [deposited(1)]);
    await store.append('account-2', [closed]);
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(open);
    expect(await rowsOf(store, open)).toEqual([{ account_id: 'account-1' }]);
  });
});

function isAsWritten(row: AnyRow): boolean {
  return Object.entries(everything).every(
    ([name, value]) => JSON.stringify(sorted(row[name])) === JSON.stringify(sorted(value)),
  );
}

/** jsonb does not keep the order of keys. */
function sorted(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1));
}
