import { Client } from 'pg';
import { expect, inject, test } from 'vitest';
import { databaseName, newRunName, templateName } from '../src/postgres/database-name.ts';
import { dropDatabase, dropLeftovers, LEFTOVERS_LOCK } from '../src/postgres/drop-databases.ts';
import { createTestDatabase, untilBlocked } from '../src/postgres/index.ts';
import { withClient } from '../src/postgres/with-client.ts';

const server = inject('leftfoldPostgres');
const run = inject('leftfoldTestRun');

async function query(connectionString: string, statement: string): Promise<object[]> {
  return withClient(connectionString, async (client) => (await client.query<object>(statement)).rows);
}

async function exists(database: string): Promise<boolean> {
  const rows = await query(server, `select from pg_database where datname = '${database}'`);
  return rows.length === 1;
}

test('each database is separate, empty, and dropped despite connected clients', async () => {
  const first = await createTestDatabase();
  const second = await createTestDatabase();
  await query(first.connectionString, 'create table notes ()');
  await expect(query(second.connectionString, 'select from notes')).rejects.toMatchObject({ code: '42P01' });

  const client = new Client({ connectionString: first.connectionString });
  client.on('error', () => {}); // it is cut
  await client.connect();
  await first[Symbol.asyncDispose]();
  await second[Symbol.asyncDispose]();
  await client.end();
  expect(await exists(first.name)).toBe(false);
  expect(await exists(second.name)).toBe(false);
  await expect(first[Symbol.asyncDispose]()).resolves.toBeUndefined();
});

test('one preparation requested many times at once runs once', async () => {
  let prepared = 0;
  const prepare = {
    name: 'together',
    run: async (connectionString: string) => {
      prepared += 1;
      await query(connectionString, 'create table notes as select 1 as number');
      await untilBlocked(server, { count: 4 }); // the four others
    },
  };
  const databases = await Promise.all(Array.from({ length: 5 }, () => createTestDatabase({ prepare })));
  expect(prepared).toBe(1);
  for (const database of databases) {
    await query(database.connectionString, 'insert into notes values (2)');
    expect(await query(database.connectionString, 'select count(*)::int from notes')).toEqual([{ count: 2 }]);
    await database[Symbol.asyncDispose]();
  }
});

test('a preparation may leave its connections open', async () => {
  const prepare = {
    name: 'careless',
    run: async (connectionString: string) => {
      const careless = new Client({ connectionString });
      careless.on('error', () => {}); // it is cut
      await careless.connect();
    },
  };
  await using database = await createTestDatabase({ prepare });
  expect(await query(database.connectionString, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('a preparation that fails is reported, and runs again on the next request', async () => {
  const broken = { name: 'mended', run: () => Promise.reject(new Error('no such migration')) };
  await expect(createTestDatabase({ prepare: broken })).rejects.toThrow('no such migration');
  await using database = await createTestDatabase({
    prepare: { name: 'mended', run: async (url) => void (await query(url, 'create table notes ()')) },
  });
  expect(await query(database.connectionString, 'select from notes')).toEqual([]);
});

test('a template left unfinished by a killed process is made again', async () => {
  await query(server, `create database ${templateName(run, 'unfinished')}`);
  await using database = await createTestDatabase({
    prepare: { name: 'unfinished', run: async (url) => void (await query(url, 'create table notes ()')) },
  });
  expect(await query(database.connectionString, 'select from notes')).toEqual([]);
});

test('with the option "server" each database is prepared separately, or not created', async () => {
  let prepared = 0;
  const prepare = { name: 'own', run: async () => void (prepared += 1) };
  await using first = await createTestDatabase({ server, prepare });
  await using second = await createTestDatabase({ server, prepare });
  expect([first.name === second.name, prepared]).toEqual([false, 2]);

  let name = '';
  const broken = {
    name: 'own',
    run: async (connectionString: string) => {
      name = new URL(connectionString).pathname.slice(1);
      throw new Error('no such migration');
    },
  };
  await expect(createTestDatabase({ server, prepare: broken })).rejects.toThrow('no such migration');
  expect(await exists(name)).toBe(false);
});

test('databases of runs older than a day are dropped, and no other', async () => {
  const now = new Date();
  const daysAgo = (days: number) => newRunName(new Date(now.getTime() - days * 86_400_000));
  const [left, used, recent] = [
    databaseName(daysAgo(2)),
    databaseName(daysAgo(2)),
    databaseName(daysAgo(0.9)),
  ];
  const template = templateName(daysAgo(3), 'shop');
  const url = new URL(server);
  url.pathname = `/${used}`;
  await withClient(server, async (admin) => {
    // Until the connection is closed: another run that starts now would drop the database when it is not in use.
    await admin.query('select pg_advisory_lock($1)', [LEFTOVERS_LOCK]);
    for (const name of [left, used, recent]) await admin.query(`create database ${name}`);
    await admin.query(`create database ${template} is_template true allow_connections false`);
    await withClient(url.href, () => dropLeftovers(admin, now));

    const remaining: string[] = [];
    for (const name of [left, template, used, recent]) if (await exists(name)) remaining.push(name);
    expect(remaining).toEqual([used, recent]);
    for (const name of remaining) await dropDatabase(admin, name);
  });
});
