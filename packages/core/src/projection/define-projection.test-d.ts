import { accountEvents } from '@leftfold/testbed/bank';
import type { Transaction } from 'kysely';
import { expectTypeOf, test } from 'vitest';
import { z } from 'zod';
import type { RecordedEventOf } from '../event/define-events.ts';
import { defineProjection } from './define-projection.ts';
import type { TablesOf } from './projection.ts';

const tables = {
  owners: { columns: { name: 'text', accounts: 'integer' }, primaryKey: ['name'] },
} as const;

test('handlers get a transaction typed by the tables, and their own event', () => {
  const owners = defineProjection({
    name: 'owners',
    events: [accountEvents],
    tables: { owners: { columns: { name: 'text', accounts: 'integer' }, primaryKey: ['name'] } },
    on: {
      'account.opened': async (tx, event) => {
        expectTypeOf(event.data).toEqualTypeOf<{ owner: string; note?: string | undefined }>();
        expectTypeOf(tx).toEqualTypeOf<
          Transaction<{ owners: { readonly name: string; readonly accounts: number } }>
        >();
        await tx.insertInto('owners').values({ name: event.data.owner, accounts: 1 }).execute();
      },
    },
  });
  expectTypeOf<TablesOf<typeof owners>['owners']['accounts']>().toEqualTypeOf<'integer'>();
});

test('the batch form gets all events of its groups', () => {
  defineProjection({
    name: 'owners',
    events: [accountEvents],
    tables,
    onBatch: async (_tx, events) => {
      expectTypeOf(events).toEqualTypeOf<readonly RecordedEventOf<typeof accountEvents>[]>();
      await Promise.resolve();
    },
  });
});

test('a wrong event name, table, column or field in a handler does not compile', () => {
  const base = { name: 'owners', events: [accountEvents], tables } as const;
  // @ts-expect-error there is no event "account.frozen"
  defineProjection({ ...base, on: { 'account.frozen': async () => Promise.resolve() } });
  // @ts-expect-error there is no table "people"
  defineProjection({ ...base, on: { 'account.opened': (tx) => tx.deleteFrom('people').execute() } });
  defineProjection({
    ...base,
    on: {
      // @ts-expect-error there is no column "age"
      'account.opened': (tx) => tx.insertInto('owners').values({ age: 1 }).execute(),
      // @ts-expect-error the event has no field "amount"
      'account.deposited': async (_tx, { data }) => Promise.resolve(data.amount),
    },
  });
});

test('both forms at once, or neither, does not compile', () => {
  const base = { name: 'owners', events: [accountEvents], tables } as const;
  // @ts-expect-error neither `on` nor `onBatch`
  defineProjection(base);
  // @ts-expect-error both
  defineProjection({ ...base, on: {}, onBatch: async () => Promise.resolve() });
});

test('a primary key or index with an unknown column does not compile', () => {
  const base = { name: 'owners', events: [accountEvents], on: {} } as const;
  const columns = { name: 'text' } as const;
  // @ts-expect-error there is no column "id"
  defineProjection({ ...base, tables: { owners: { columns, primaryKey: ['id'] } } });
  // @ts-expect-error there is no column "age"
  defineProjection({ ...base, tables: { owners: { columns, primaryKey: ['name'], indexes: [['age']] } } });
});

test('handlers get the fields of the metadata schema, which old events may lack', () => {
  const metadata = z.object({ tenant: z.string() });
  const base = { name: 'owners', events: [accountEvents], metadata, tables } as const;
  defineProjection({
    ...base,
    on: {
      'account.opened': async (_tx, event) => {
        expectTypeOf(event.metadata.tenant).toEqualTypeOf<string | undefined>();
        expectTypeOf(event.metadata.actor).toEqualTypeOf<string | undefined>();
        await Promise.resolve();
      },
    },
  });
  defineProjection({
    ...base,
    onBatch: async (_tx, events) => {
      expectTypeOf(events[0]!.metadata.tenant).toEqualTypeOf<string | undefined>();
      await Promise.resolve();
    },
  });
});
