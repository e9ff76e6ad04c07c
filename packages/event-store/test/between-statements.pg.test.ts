import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { pauseFunction } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import type { TestDatabase } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, positionsOf, test } from './store-test.ts';

/** The statements of the mark, in their order: the newest position, the fences, the newest event below both. */
const marksSecond = 2;
const marksThird = 3;

interface Log {
  readonly database: TestDatabase;
  readonly store: PostgresEventStore;
}

describe('between its statements', () => {
  test.for([
    ['newest position and the fences', marksSecond],
    ['fences and the newest event', marksThird],
  ] as const)(
    'a reader paused between the %s does not settle an append that begins there',
    async ([, before], { database, store }) => {
      guarantee('exact-high-water-mark');
      const { position: known } = await store.append(`account-known-${before}`, [opened]);
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', before);
      await using reader = openStore(database.connectionString);
      const marked = reader.highWaterMark();
      await pause.reached();
      const late = await beginTransaction(database.connectionString);
      const first = await store.append(`account-late-${before}`, [opened], {
        transaction: late.client,
      });
      const second = await store.append(`account-quick-${before}`, [opened]);
      await pause.resume();
      const settled = await marked;
      expect(settled).toBeGreaterThanOrEqual(known);
      expect(settled).toBeLessThan(first.position);
      await late.commit();
      expect(positionsOf(await collect(reader.readAll({ after: settled })))).toEqual([
        first.position,
        second.position,
      ]);
    },
  );

  test.for([
    ['newest position and the fences', marksSecond],
    ['fences and the newest event', marksThird],
  ] as const)(
    'a reader that stands between the %s loses no append that ends there',
    async ([, before], { database, store }) => {
      guarantee('exact-high-water-mark');
      const late = await beginTransaction(database.connectionString);
      const first = await store.append(`account-ending-${before}`, [opened], {
        transaction: late.client,
      });
      const second = await store.append(`account-ended-${before}`, [opened]);
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', before);
      await using reader = openStore(database.connectionString);
      const marked = reader.highWaterMark();
      await pause.reached();
      await late.commit();
      await pause.resume();
      const after = await marked;
      const { events } = await reader.readPage({ after: 0, upTo: after, limit: 1_000 });
      const rest = await collect(reader.readAll({ after }));
      expect(positionsOf([...events, ...rest]).slice(-2)).toEqual([first.position, second.position]);
    },
  );

  test.for([
    ['newest position and the fences', marksSecond],
    ['fences and the newest event', marksThird],
  ] as const)(
    'a reader paused between the %s settles an append that ends there, or retries',
    async ([, before], { database, store }) => {
      guarantee('exact-high-water-mark');
      const late = await beginTransaction(database.connectionString);
      const { position } = await store.append(`account-again-${before}`, [opened], {
        transaction: late.client,
      });
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', before);
      const marked = store.pool.query<{ mark: number; pending: boolean }>(
        'select high_water_mark::float8 as mark, pending from leftfold._high_water_mark()',
      );
      await pause.reached();
      await late.commit();
      await pause.resume();
      const [row] = (await marked).rows;
      expect(row?.mark === position || row?.pending).toBe(true);
    },
  );

  test('a page read in SQL after the mark has every event up to the mark', async ({ database, store }) => {
    guarantee('exact-high-water-mark');
    const { position: before } = await store.append('account-sql', [opened]);
    const late = await beginTransaction(database.connectionString);
    const first = await store.append('account-sql-late', [opened], { transaction: late.client });
    const second = await store.append('account-sql', [deposited(1)]);
    await using pause = await pauseFunction(database.connectionString, '_high_water_mark', marksSecond);
    const read = store.pool.query<{ position: number }>(
      'select position::float8 as position from leftfold.read_all($1)',
      [before],
    );
    await pause.reached();
    await late.commit(); // its fence is gone when the mark looks, so the mark is beyond it
    await pause.resume();
    expect(positionsOf((await read).rows)).toEqual([first.position, second.position]);
  });

  test('a writer that holds its lock stops readers before every position it will draw', async ({
    database,
    store,
  }) => {
    guarantee('exact-high-water-mark');
    await using slow = openStore(database.connectionString);
    const { position: before } = await store.append('account-fenced', [opened]);
    const pause = await pauseFunction(database.connectionString, '_append_one', /pg_catalog\.nextval\('/);
    const writing = slow.append('account-fenced-slow', [opened]);
    await pause.reached();
    const others = await store.append('account-fenced', [deposited(1), deposited(2)]);
    await using reader = openStore(database.connectionString);
    expect(await reader.highWaterMark()).toBe(before);
    await pause.resume();
    const { position } = await writing;
    await pause[Symbol.asyncDispose]();
    expect(position).toBeGreaterThan(others.position);
    expect(positionsOf(await collect(reader.readAll({ after: others.position })))).toEqual([position]);
  });

  test.for([
    ['_append_one', 1, /pg_catalog\.nextval\('/],
    ['_append_batch', 2, 3],
  ] as const)(
    'a writer of %s whose version is taken first draws later positions',
    async ([name, amount, before], { database, store }) => {
      guarantee('position-order-is-version-order');
      await takeVersionFirst({ database, store }, name, amount, before);
    },
  );

  test('a writer with its lock draws later positions than an append it waited for', ({ database, store }) =>
    takeVersionFirst({ database, store }, '_append_batch', 2, 1));

  /** Stops a writer at a place, lets another one append to its stream meanwhile, and looks at the order. */
  async function takeVersionFirst(
    { database, store }: Log,
    name: string,
    amount: number,
    before: number | RegExp,
  ): Promise<void> {
    await using slow = openStore(database.connectionString);
    const streamId = `account-order-${name}-${String(before)}`;
    await store.append(streamId, [opened]);
    const pause = await pauseFunction(database.connectionString, name, before);
    const writing = slow.append(
      streamId,
      Array.from({ length: amount }, () => deposited(1)),
    );
    await pause.reached();
    const winner = await beginTransaction(database.connectionString);
    const won = await winner.client.query<{ position: number }>(
      `insert into leftfold.events
         select nextval('leftfold.event_position'), 2, clock_timestamp(), 1, $1, $1, 'account.deposited', '{"cents":2}', '{}', '{}'
         returning position::float8 as position`,
      [streamId],
    );
    await winner.commit();
    await pause.resume();
    const { streamVersion, position } = await writing;
    await pause[Symbol.asyncDispose]();
    expect(streamVersion).toBe(2 + amount);
    expect(position).toBeGreaterThan(won.rows[0]!.position);
    const recorded = await collect(store.readStream(streamId));
    expect(positionsOf(recorded)).toEqual(positionsOf(recorded).toSorted((a, b) => a - b));
  }
});
