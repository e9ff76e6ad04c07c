import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import {
  collect,
  createMigratedDatabase,
  failureOf,
  type MigratedDatabase,
  opened,
  openStore,
} from './bank.ts';

describe('the log', () => {
  let database: MigratedDatabase;
  let store: PostgresEventStore;

  beforeAll(async () => {
    database = await createMigratedDatabase();
    store = openStore(database.connectionString);
    await store.append('account-1', [opened]);
  });

  afterAll(async () => {
    await store?.close();
    await database?.[Symbol.asyncDispose]();
  });

  test.each([
    ['update', 'update leftfold.events set stream_version = 2'],
    ['update', 'update leftfold.events set position = position where false'],
    ['delete', 'delete from leftfold.events'],
    ['truncate', 'truncate leftfold.events'],
    ['truncate', 'truncate leftfold.events cascade'],
    [
      'update',
      `insert into leftfold.events select * from leftfold.events on conflict (position) do update set type = 'x'`,
    ],
  ])('refuses %s, also to its owner and a superuser: %s', async (kind, statement) => {
    const before = await collect(store.readAll());
    expect(await failureOf(store.pool.query(statement))).toMatchObject({
      code: 'LF003',
      message: `the log leftfold.events is append-only: ${kind} is refused`,
      hint: 'record a new event that corrects the old one',
    });
    expect(await collect(store.readAll())).toEqual(before);
  });

  test('refuses changes under session_replication_role = replica as well', async () => {
    const client = await store.pool.connect();
    try {
      await client.query('set session_replication_role = replica');
      for (const statement of [
        'update leftfold.events set stream_version = 2',
        'delete from leftfold.events',
        'truncate leftfold.events',
      ])
        expect(await failureOf(client.query(statement)), statement).toMatchObject({ code: 'LF003' });
    } finally {
      client.release(true);
    }
  });
});
