import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { AppendRequest } from '@leftfold/core/append';
import { applyMigrations, runnerOn } from '@leftfold/postgres';
import { deposited, opened } from '@leftfold/testbed/bank';
import { describe, expect } from 'vitest';
import { expandPlaceholders } from '../generate/event-placeholders.ts';
import { AppendStatements } from '../src/sql/append.ts';
import { type EventColumn, eventColumns, selectListOf } from '../src/sql/event-columns.ts';
import { migrations } from '../src/sql/migrations.generated.ts';
import { test as storeTest } from './store-test.ts';

/** The first edit: the column's description. */
const columnsWithTenant = [
  ...eventColumns,
  {
    name: 'tenant',
    type: 'text',
    of: ({ metadata: { tenant } }) => (typeof tenant === 'string' ? tenant : ''),
    default: "''",
  },
] as const satisfies readonly EventColumn[];

/** The second edit: a migration. */
const addTenant = {
  number: migrations.length + 1,
  name: '9999-tenant',
  sql: `alter table :schema.events add column tenant text collate "C" not null default ''`,
};

/** What `npm run generate` makes of them. */
const folder = fileURLToPath(new URL('../src/sql/functions/', import.meta.url));
const functionsWithTenant = readdirSync(folder).map((file) => ({
  name: file.replace('.sql', ''),
  sql: expandPlaceholders(readFileSync(`${folder}${file}`, 'utf8'), columnsWithTenant),
}));

interface TenantRow {
  readonly stream_id: string;
  readonly stream_version: number;
  readonly tenant: string;
}

/** Tests with a runner of statements. `store` is that of a process that does not know the new column. */
const test = storeTest.extend('run', ({ pool }) => runnerOn(pool, { prepare: true }));

describe('the columns of events', () => {
  test('that are described are those of the table, with their types', async ({ run }) => {
    const rows = await run<{ readonly name: string; readonly type: string }>({
      name: undefined,
      text: `select attname as name, format_type(atttypid, atttypmod) as type
               from pg_attribute
              where attrelid = 'leftfold.events'::regclass and attnum > 0 and not attisdropped
                and attname not in ('position', 'stream_id', 'stream_version', 'recorded_at', 'size')
              order by attname`,
      values: [],
    });
    const described = eventColumns.map(({ name, type }) => ({ name, type }));
    expect(described.toSorted((a, b) => (a.name < b.name ? -1 : 1))).toEqual(rows);
  });

  test('gain one by a description and a migration; older processes go on', async ({ store, pool, run }) => {
    await store.append('account-old', [opened]);
    await store.append('account-old', [deposited(1), deposited(2)]);

    await applyMigrations(pool, {
      schema: 'leftfold',
      component: 'event-store',
      migrations: [...migrations, addTenant],
      functions: functionsWithTenant,
    });

    const statements = new AppendStatements('leftfold', columnsWithTenant);
    await run(statements.one(requestOf('account-one', 'north'))!);
    const both = [requestOf('account-batch-1', 'north'), requestOf('account-batch-2', 'south')];
    await run(statements.batch(both, { checkEventIds: false }));
    const third = [requestOf('account-transaction', 'south')];
    await run(statements.batch(third, { checkEventIds: true, inTransaction: true }));

    await store.append('account-old', [deposited(3)]);
    await store.append('account-old', [deposited(4), deposited(5)]);
    await store.pool.query(`select leftfold.append('account-sql', '[{"type": "t"}]')`);

    const rows = await run<TenantRow>({
      name: undefined,
      text: `select ${selectListOf(columnsWithTenant)} from leftfold.events order by position`,
      values: [],
    });
    expect(rows.map((row) => `${row.stream_id}@${row.stream_version} ${row.tenant}`)).toEqual([
      'account-old@1 ',
      'account-old@2 ',
      'account-old@3 ',
      'account-one@1 north',
      'account-batch-1@1 north',
      'account-batch-2@1 south',
      'account-transaction@1 south',
      'account-old@4 ',
      'account-old@5 ',
      'account-old@6 ',
      'account-sql@1 ',
    ]);
    const { rows: read } = await store.pool.query(`select tenant from leftfold.read_stream('account-one')`);
    expect(read).toEqual([{ tenant: 'north' }]);
  });
});

/** An append of one event, in which the tenant is part of the metadata. */
function requestOf(streamId: string, tenant: string): AppendRequest {
  const event = {
    id: `${streamId}:1`,
    type: 'account.opened',
    schemaVersion: 1,
    dataJson: '{}',
    read: { schemaVersion: 1, data: {} },
    metadata: { tenant },
    metadataJson: JSON.stringify({ tenant }),
    tags: [`tenant:${tenant}`],
  };
  const streams = [{ streamId, expectedVersion: 'no-stream', events: [event] }] as const;
  return {
    streams,
    commandId: undefined,
    condition: undefined,
    era: undefined,
    tags: new Set(),
    types: new Set(['note.written']),
    eventCount: 1,
    size: 2,
    memory: 0,
  };
}
