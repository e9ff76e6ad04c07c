import { accountEvents, balances } from '@leftfold/testbed/bank';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { Row } from './columns.ts';
import { defineTableProjection } from './define-table-projection.ts';
import type { TablesOf } from './projection.ts';

const columns = { account_id: 'text', owner: 'text', cents: 'bigint' } as const;
const base = {
  name: 'balances',
  events: [accountEvents],
  columns,
  key: ({ streamId }: { readonly streamId: string }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0 },
} as const;

test('rows are typed from the columns', () => {
  expectTypeOf(balances.name).toEqualTypeOf<'balances'>();
  expectTypeOf<Row<TablesOf<typeof balances>['balances']>>().toEqualTypeOf<{
    readonly account_id: string;
    readonly owner: string;
    readonly cents: number;
    readonly events: number;
  }>();
});

test('each column type has its type in memory, with null where it is allowed', () => {
  expectTypeOf<
    Row<{
      a: 'text';
      b: 'uuid null';
      c: 'integer';
      d: 'bigint null';
      e: 'numeric';
      f: 'boolean';
      g: 'timestamptz';
      h: 'date';
      i: 'double precision';
    }>
  >().toEqualTypeOf<{
    readonly a: string;
    readonly b: string | null;
    readonly c: number;
    readonly d: number | null;
    readonly e: string;
    readonly f: boolean;
    readonly g: Date;
    readonly h: string;
    readonly i: number;
  }>();
});

test('handlers get the row and the data of their event', () => {
  defineTableProjection({
    ...base,
    evolve: {
      'account.deposited': (row, { data, position, recordedAt }) => {
        expectTypeOf(row.cents).toEqualTypeOf<number>();
        expectTypeOf(data).toEqualTypeOf<{ cents: number }>();
        expectTypeOf(position).toEqualTypeOf<number>();
        expectTypeOf(recordedAt).toEqualTypeOf<Date>();
        return data.cents > 5 ? null : { ...row, cents: row.cents + data.cents };
      },
    },
  });
});

test('a key of several columns, several rows, or none compiles', () => {
  defineTableProjection({
    name: 'movements',
    events: [accountEvents],
    columns: { account_id: 'text', month: 'text', count: 'integer', note: 'text null' },
    key: ({ streamId, recordedAt, type }) =>
      type === 'account.opened'
        ? null
        : [{ account_id: streamId, month: recordedAt.toISOString().slice(0, 7) }],
    initialRow: { count: 0, note: null },
    indexes: [['month'], ['account_id', 'count']],
    evolve: { 'account.deposited': (row) => ({ ...row, count: row.count + 1, note: 'in' }) },
  });
});

test('a wrong event name does not compile', () => {
  // @ts-expect-error there is no event "account.frozen"
  defineTableProjection({ ...base, evolve: { 'account.frozen': () => null } });
  defineTableProjection({
    ...base,
    evolve: {
      'account.opened': (row) => row,
      // @ts-expect-error nor beside events that there are
      'account.frozen': () => null,
    },
  });
});

test('a wrong column does not compile', () => {
  // @ts-expect-error the row has no column "balance"
  defineTableProjection({ ...base, evolve: { 'account.opened': (row) => ({ ...row, cents: row.balance }) } });
  // @ts-expect-error a misspelt column in the result would be lost
  defineTableProjection({ ...base, evolve: { 'account.opened': (row) => ({ ...row, balance: 1 }) } });
  // @ts-expect-error a column is missing in the result
  defineTableProjection({ ...base, evolve: { 'account.opened': (row) => ({ cents: row.cents }) } });
  // @ts-expect-error the column has another type
  defineTableProjection({ ...base, evolve: { 'account.opened': (row) => ({ ...row, cents: '1' }) } });
  defineTableProjection({
    ...base,
    // @ts-expect-error the event has no field "amount"
    evolve: { 'account.opened': (row, { data }) => ({ ...row, cents: data.amount }) },
  });
});

test('a wrong key does not compile', () => {
  const evolve = {};
  // @ts-expect-error there is no column "id"
  defineTableProjection({ ...base, key: () => ({ id: 'a' }), evolve });
  // @ts-expect-error nor beside one that there is
  defineTableProjection({ ...base, key: () => ({ account_id: 'a', id: 'a' }), evolve });
  // @ts-expect-error nor in a list
  defineTableProjection({ ...base, key: () => [{ account_id: 'a', id: 'a' }], evolve });
  // @ts-expect-error the key column has another type
  defineTableProjection({ ...base, key: () => ({ account_id: 1 }), evolve });
  defineTableProjection({
    ...base,
    // @ts-expect-error a key column may be missing
    key: ({ streamVersion }) => ({ account_id: streamVersion > 1 ? 'a' : undefined }),
    evolve,
  });
  defineTableProjection({
    ...base,
    initialRow: { cents: 0 },
    // @ts-expect-error two events have different key columns
    key: ({ type }) => (type === 'account.opened' ? { account_id: '' } : { owner: '' }),
    evolve,
  });
});

test('a wrong initial row, column type or index does not compile', () => {
  const evolve = {};
  // @ts-expect-error "cents" has no initial value
  defineTableProjection({ ...base, initialRow: { owner: '' }, evolve });
  // @ts-expect-error the initial row has no column "balance"
  defineTableProjection({ ...base, initialRow: { owner: '', cents: 0, balance: 0 }, evolve });
  // @ts-expect-error null is not allowed in "owner"
  defineTableProjection({ ...base, initialRow: { owner: null, cents: 0 }, evolve });
  // @ts-expect-error there is no column type "money"
  defineTableProjection({ ...base, columns: { ...columns, cents: 'money' }, evolve });
  // @ts-expect-error there is no column "balance" to index
  defineTableProjection({ ...base, indexes: [['balance']], evolve });
});

test('key and handlers get the fields of the metadata schema, which old events may lack', () => {
  defineTableProjection({
    ...base,
    metadata: z.object({ tenant: z.string() }),
    key: ({ streamId, metadata }) => {
      expectTypeOf(metadata.tenant).toEqualTypeOf<string | undefined>();
      return { account_id: streamId };
    },
    evolve: {
      'account.opened': (row, { metadata }) => {
        expectTypeOf(metadata.tenant).toEqualTypeOf<string | undefined>();
        return { ...row, owner: metadata.tenant ?? '' };
      },
      // @ts-expect-error an old event may lack the field
      'account.closed': (row, { metadata }) => ({ ...row, owner: metadata.tenant }),
    },
  });
});
