import { opened } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { test } from './store-test.ts';

/** All that are not generated. */
const columns =
  'position, stream_version, recorded_at, schema_version, stream_id, event_id, type, data, metadata, tags';

describe('the log', () => {
  test.beforeAll(async ({ store }) => {
    await store.append('account-1', [opened]);
  });

  test.for([
    ['update', 'update leftfold.events set stream_version = 2'],
    ['update', 'update leftfold.events set position = position where false'],
    ['delete', 'delete from leftfold.events'],
    ['truncate', 'truncate leftfold.events'],
    ['truncate', 'truncate leftfold.events cascade'],
    [
      'update',
      `insert into leftfold.events (${columns}) select ${columns} from leftfold.events on conflict (position) do update set type = 'x'`,
    ],
  ] as const)('refuses %s, also to its owner and a superuser: %s', async ([kind, statement], { store }) => {
    guarantee('append-only');
    const before = await collect(store.readAll());
    expect(await failureOf(store.pool.query(statement))).toMatchObject({
      code: 'LF003',
      message: `the log leftfold.events is append-only: ${kind} is refused`,
      hint: 'record a new event that corrects the old one',
    });
    expect(await collect(store.readAll())).toEqual(before);
  });

  test('refuses changes under session_replication_role = replica as well', async ({ store }) => {
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
