import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { opened } from '@leftfold/testbed/bank';
import { beginTransaction, databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import type { TestDatabase } from '@leftfold/testing/postgres';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { createEventStore } from '../src/index.ts';
import { openStore } from './store-test.ts';

/** Tests on an empty database each. */
const test = databaseTest().extend('query', ({ ownPool }) => async (statement: string) => {
  const { rows } = await ownPool.query<Record<string, unknown>>(statement);
  return rows;
});

describe('migrate', () => {
  test('may be called by any number of processes at once', async ({ ownDatabase, query }) => {
    guarantee('concurrent-start');
    const positions = await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        await using store = openStore(ownDatabase.connectionString, { maxConnections: 2 });
        await store.migrate();
        return (await store.append(`account-${index}`, [opened])).position;
      }),
    );
    expect(positions.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    const applied = await query(
      'select number, count(*)::integer as times from leftfold.migrations group by 1 order by 1',
    );
    expect(applied).toEqual(applied.map((_, index) => ({ number: index + 1, times: 1 })));
  });

  test('changes nothing when it is called again', async ({ ownDatabase, query }) => {
    await using store = openStore(ownDatabase.connectionString);
    await store.migrate();
    const [before] = await query(
      'select array_agg(applied_at order by number) as at from leftfold.migrations',
    );
    const { events } = await store.append('account-1', [opened]);
    await store.migrate();
    const [after] = await query(
      'select array_agg(applied_at order by number) as at from leftfold.migrations',
    );
    expect(after).toEqual(before);
    expect(await collect(store.readAll())).toEqual(events);
  });

  test('creates independent logs in schemas of any name', async ({ ownDatabase, query }) => {
    await using shop = openStore(ownDatabase.connectionString, { schema: 'shop' });
    await using bank = openStore(ownDatabase.connectionString, { schema: 'bank_2' });
    await Promise.all([shop.migrate(), bank.migrate()]);
    const held = await beginTransaction(ownDatabase.connectionString);
    await shop.append('account-1', [opened], { transaction: held.client });
    const { events } = await bank.append('account-1', [{ ...opened, id: 'same' }]);
    expect(events[0]!.position).toBe(1);
    expect(await collect(bank.readAll())).toEqual(events); // not held up by the other one's fence
    await held.commit();
    await shop.append('account-1', [{ ...opened, id: 'same' }]);
    expect(await collect(shop.readAll())).toHaveLength(2);
    expect(await collect(bank.readAll())).toHaveLength(1);
    expect(
      await query(`select schema_name from information_schema.schemata where schema_name = 'leftfold'`),
    ).toEqual([]);
  });

  test('needs no right to create anything on a log that is up to date', async ({ ownDatabase, query }) => {
    guarantee('least-privilege');
    await using owner = openStore(ownDatabase.connectionString);
    await owner.migrate();
    await using role = await createRole(ownDatabase);
    await query(`
      grant usage on schema leftfold to ${role.name};
      grant select on all tables in schema leftfold to ${role.name};
      grant insert on leftfold.events to ${role.name};
      grant usage, select on leftfold.event_position to ${role.name};
      grant execute on all functions in schema leftfold to ${role.name}`);
    await using store = openStore(role.connectionString);
    await store.migrate();
    const { events } = await store.append('account-1', [opened, opened]);
    expect(await collect(store.readAll())).toEqual(events);
    expect(
      await failureOf(store.pool.query('alter table leftfold.events disable trigger all')),
    ).toMatchObject({
      code: '42501',
    });
  });

  test('of a role that may only connect fails, and so do its appends and reads', async ({ ownDatabase }) => {
    await using role = await createRole(ownDatabase);
    await using store = openStore(role.connectionString);
    const refused = {
      code: 'MISSING_RIGHTS',
      retryable: false,
      message: expect.stringContaining('; migrate as the owner, run the script of rightsScript again'),
    };
    expect(await failureOf(store.migrate())).toMatchObject({
      code: 'MISSING_RIGHTS',
      message: expect.stringMatching(
        /^permission denied for database "?\w+"?; migrate as the owner that rightsScript makes, or let this role do it: grant create on database/,
      ),
    });
    await using owner = openStore(ownDatabase.connectionString);
    await owner.migrate();
    expect(await failureOf(store.migrate())).toMatchObject(refused);
    expect(await failureOf(store.append('account-1', [opened]))).toMatchObject(refused);
    expect(
      await failureOf(store.appendToStreams([{ streamId: 'account-1', events: [opened, opened] }])),
    ).toMatchObject(refused);
    expect(await failureOf(collect(store.readStream('account-1')))).toMatchObject(refused);
    expect(await failureOf(collect(store.readAll()))).toMatchObject(refused);
    expect(await failureOf(collect(store.subscribe()))).toMatchObject(refused);
  });

  test('is refused on a log that a newer release has migrated', async ({ ownDatabase, query }) => {
    guarantee('newer-schema');
    await using store = openStore(ownDatabase.connectionString);
    await store.migrate();
    const [{ newest } = {}] = await query(
      `select max(number) as newest from leftfold.migrations where component = 'event-store'`,
    );
    await query(
      `insert into leftfold.migrations (component, number, name, checksum) values ('event-store', 9999, '9999-later', '')`,
    );
    expect(await failureOf(store.migrate())).toMatchObject({
      code: 'SCHEMA_MISMATCH',
      installed: 9999,
      required: newest,
      retryable: false,
      message: `schema "leftfold" is at migration 9999, this release knows ${String(newest)}: a newer release has migrated it; start that release here, or upgrade the leftfold packages`,
    });
  });

  test('that was forgotten is an error of every method that says so', async ({ ownDatabase }) => {
    await using store = openStore(ownDatabase.connectionString);
    const missing = {
      code: 'SCHEMA_NOT_MIGRATED',
      retryable: false,
      message:
        'schema "leftfold" is not migrated as this release needs it; run migrate() first, or start the newer release here if that has migrated it',
    };
    expect(await failureOf(store.append('account-1', [opened]))).toMatchObject(missing);
    expect(await failureOf(store.append('account-1', [opened, opened]))).toMatchObject(missing);
    expect(await failureOf(collect(store.readStream('account-1')))).toMatchObject(missing);
    expect(await failureOf(collect(store.readAll()))).toMatchObject(missing);
    expect(await failureOf(collect(store.subscribe()))).toMatchObject(missing);
    expect(await failureOf(store.highWaterMark())).toMatchObject(missing);
    expect(await failureOf(store.eventsOfCommand('c'))).toMatchObject(missing);
    expect(await failureOf(store.loadSnapshot('account-1', 'k'))).toMatchObject(missing);
  });

  test('applies what the .sql files say: the embedded copy is not stale', async () => {
    const script = fileURLToPath(new URL('../../../scripts/embed-migrations.mjs', import.meta.url));
    await expect(promisify(execFile)(process.execPath, [script, '--check'])).resolves.toBeDefined();
  });

  test('refuses a schema name that is none', ({ ownDatabase }) => {
    for (const schema of ['', 'Shop', 'a"b', 'a-b', 'x'.repeat(26)]) {
      const { connectionString } = ownDatabase;
      expect(() => createEventStore({ connectionString, schema, events: [] })).toThrow(
        expect.objectContaining({ code: 'INVALID_NAME', kind: 'schema name' }),
      );
    }
  });
});

/** A role that may connect, and nothing else. */
async function createRole({ connectionString, name: databaseName }: TestDatabase) {
  const name = `role_${databaseName.slice(-12)}`;
  const admin = new pg.Client({ connectionString });
  await admin.connect();
  await admin.query(`create role ${name} login password 'only-connect'`);
  const url = new URL(connectionString);
  url.username = name;
  url.password = 'only-connect';
  return {
    name,
    connectionString: url.href,
    [Symbol.asyncDispose]: async () => {
      await admin.query(`drop owned by ${name}; drop role ${name}`);
      await admin.end();
    },
  };
}
