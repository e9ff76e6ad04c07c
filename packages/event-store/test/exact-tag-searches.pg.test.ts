import { accountEvents, opened } from '@leftfold/testbed/bank';
import { disposeAfter } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import pg from 'pg';
import { describe, expect } from 'vitest';
import { readPageStatement } from '../src/sql/events.ts';
import { openStore, test as storeTest } from './store-test.ts';

/** Enough that the index has the positions of each tag in a tree of their own: only those are searched in part. */
const EVENTS_OF_A_TAG = 10_000;
const tags = ['course:1', 'student:1'] as const;

const test = storeTest
  .extend('log', { scope: 'file' }, async ({ database, store }) => {
    const { connectionString, name } = database;
    const both = accountEvents.create.opened({ owner: 'Ada' }, { tags: [...tags] });
    await store.append('account-both', [both]);
    await using admin = await connected(connectionString);
    for (const tag of tags) {
      await admin.client.query(
        `select count(*)
           from leftfold.append('account-' || $1, (
                  select jsonb_agg(jsonb_build_object('type', 'account.deposited', 'data', '{"cents": 1}'::jsonb,
                                                      'tags', jsonb_build_array($1::text)))
                    from generate_series(1, $2)))`,
        [tag, EVENTS_OF_A_TAG],
      );
    }
    await admin.client.query('analyze leftfold.events');
    // A search that may be inexact leaves out almost all.
    await admin.client.query(`alter database "${name}" set gin_fuzzy_search_limit = 1`);
    await admin.client.query(`alter database "${name}" set enable_seqscan = off`);
    await admin.client.query(`alter database "${name}" set enable_indexscan = off`);
    return connectionString;
  })
  /** A session with the settings of the database, as one behind a pooler can be. */
  .extend('client', async ({ log }, fixture) => disposeAfter(fixture, await connected(log)).client)
  .extend('limited', ({ log }, fixture) => disposeAfter(fixture, openStore(log)));

async function connected(connectionString: string) {
  const client = new pg.Client({ connectionString });
  await client.connect();
  return { client, [Symbol.asyncDispose]: () => client.end() };
}

describe('with gin_fuzzy_search_limit of the database', () => {
  test('a search of the index by the session itself is inexact', async ({ client }) => {
    const { rows } = await client.query<{ found: number }>(
      `select count(*)::integer as found from leftfold.events where tags @> '{course:1}' and tags <> '{}'`,
    );
    expect(rows[0]!.found).toBeLessThan(EVENTS_OF_A_TAG);
  });

  test('reads by tag return every event', async ({ limited }) => {
    guarantee('server-settings');
    for (const tag of tags)
      expect(await collect(limited.readAll({ filter: { tags: [tag] } }))).toHaveLength(EVENTS_OF_A_TAG + 1);
    expect(await collect(limited.readAll({ filter: { tags } }))).toHaveLength(1);
  });

  test('a read for a decision returns every event, and its condition finds them', async ({ limited }) => {
    guarantee('server-settings');
    const { events } = await limited.readForDecision([{ tags: ['course:1'] }, { tags: ['student:1'] }]);
    expect(await collect(events)).toHaveLength(2 * EVENTS_OF_A_TAG + 1);
    const condition = { failIfMatch: { tags, types: ['account.opened'] } };
    const refused = limited.append('account-new', [opened], { condition });
    await expect(refused).rejects.toMatchObject({ code: 'APPEND_CONDITION_FAILED', position: 1 });
  });

  test('the statement of a read for a decision is exact in any session', async ({ client }) => {
    const range = { after: 0, upTo: 3 * EVENTS_OF_A_TAG, limit: 3 * EVENTS_OF_A_TAG };
    const queries = tags.map((tag) => ({ tags: [tag] as const }));
    const { text, values } = readPageStatement('leftfold', range, queries);
    expect((await client.query(text, [...values])).rows).toHaveLength(2 * EVENTS_OF_A_TAG + 1);
  });

  test('read_all is exact in any session', async ({ client }) => {
    const { rows } = await client.query(`select from leftfold.read_all(0, 100000, tags => '{student:1}')`);
    expect(rows).toHaveLength(EVENTS_OF_A_TAG + 1);
  });

  test('the search of a condition is exact in any session', async ({ client }) => {
    const search = `select leftfold._find_latest_matches(
                             2, '{1,2}', array['{course:1,student:1}', '{student:1}'], '{null,null}', '{null,null}',
                             array[0, ${2 * EVENTS_OF_A_TAG}]) as latest`;
    expect((await client.query(search)).rows).toEqual([{ latest: ['1', String(2 * EVENTS_OF_A_TAG + 1)] }]);
  });

  test('sessions of the store have no limit', async ({ limited, client }) => {
    const setting = `select current_setting('gin_fuzzy_search_limit') as setting`;
    expect((await client.query(setting)).rows).toEqual([{ setting: '1' }]);
    expect((await sql.raw(setting).execute(limited.db)).rows).toEqual([{ setting: '0' }]);
  });
});
