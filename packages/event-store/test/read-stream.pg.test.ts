import { deposited, opened } from '@leftfold/testbed/bank';
import { disposeAfter } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { countQueries } from '@leftfold/testbed/waiting';
import { describe, expect } from 'vitest';
import { openStore, test as storeTest } from './store-test.ts';

const LONG = 25_000;

const test = storeTest
  // Never appends, and so never announces: all that it asks are reads.
  .extend('reader', { scope: 'file' }, ({ database }, fixture) =>
    disposeAfter(fixture, openStore(database.connectionString, { listen: false })),
  )
  // The log as a clock that steps back would leave it: one instant for each version.
  .extend('recordAt', ({ pool }) => async (streamId: string, instants: readonly string[]) => {
    await pool.query(
      `insert into leftfold.events
       select nextval('leftfold.event_position'), version, instant::timestamptz, 1, $1, $1 || version,
              'account.deposited', '{"cents": 1}', '{}', '{}'
         from unnest($2::text[]) with ordinality as place (instant, version)`,
      [streamId, instants],
    );
  });

describe('readStream', () => {
  test.beforeAll(async ({ pool }) => {
    await pool.query(
      `insert into leftfold.events
       select nextval('leftfold.event_position'), version, clock_timestamp(), 1, 'account-long', 'long-' || version,
              'account.deposited', jsonb_build_object('cents', version), '{}', '{}'
         from generate_series(1, $1::integer) as version`,
      [LONG],
    );
  });

  const versionsIn = (events: readonly { readonly streamVersion: number }[]) =>
    events.map(({ streamVersion }) => streamVersion);

  test.for([
    ['forwards', false, (nth: number) => nth],
    ['backwards', true, (nth: number) => LONG + 1 - nth],
  ] as const)(
    'holds one page of a long stream at a time, read %s, and misses none of it',
    async ([, backwards, nthVersion], { reader }) => {
      guarantee('bounded-memory');
      await reader.highWaterMark(); // the store's first request asks for the lineage of the log as well
      const asked = countQueries(reader);
      let read = 0;
      for await (const { streamVersion } of reader.readStream('account-long', { backwards })) {
        read += 1;
        if (streamVersion !== nthVersion(read)) expect(streamVersion).toBe(nthVersion(read));
        // A page is asked for when the one before was handed out, not earlier.
        if (asked() !== Math.ceil(read / 1_000)) expect(asked()).toBe(Math.ceil(read / 1_000));
      }
      expect(read).toBe(LONG);
    },
  );

  test('asks for no more than the loop that is left wanted', async ({ reader }) => {
    const asked = countQueries(reader);
    expect(await collect(reader.readStream('account-long'), 1_500)).toHaveLength(1_500);
    expect(asked()).toBe(2);
    expect(await collect(reader.readStream('account-long', { from: 24_990 }))).toHaveLength(11);
    expect(asked()).toBe(3);
  });

  test('reads the log in pages as well, with a filter that lets little through', async ({
    store,
    reader,
  }) => {
    guarantee('bounded-memory');
    const { events } = await store.append('account-needle', [{ ...opened, tags: ['needle:1'] }]);
    const asked = countQueries(reader);
    expect(await collect(reader.readAll({ filter: { tags: ['needle:1'] } }))).toEqual(events);
    expect(await collect(reader.readAll({ filter: { types: ['account.opened'] } }))).toEqual(events);
    expect(asked()).toBeLessThanOrEqual(4); // the mark and a page, each time
  });

  test('to an instant ends before the first later event, even after a clock step', async ({
    reader,
    recordAt,
  }) => {
    const minute = (number: number) => `2026-01-01T12:${String(number).padStart(2, '0')}:00Z`;
    await recordAt('account-clock', [minute(1), minute(5), minute(3), minute(4), minute(9)]);
    const readUntil = async (time: string, backwards = false) =>
      versionsIn(await collect(reader.readStream('account-clock', { untilTime: new Date(time), backwards })));
    expect(await readUntil(minute(0))).toEqual([]);
    expect(await readUntil(minute(1))).toEqual([1]);
    expect(await readUntil(minute(4))).toEqual([1]); // version 2 is later, and 3 without 2 never was
    expect(await readUntil(minute(5))).toEqual([1, 2, 3, 4]);
    expect(await readUntil(minute(5), true)).toEqual([4, 3, 2, 1]);
    expect(await readUntil(minute(10))).toEqual([1, 2, 3, 4, 5]);
  });

  test('to a position, within bounds, and with a limit: each narrows the others', async ({
    store,
    reader,
  }) => {
    await store.append('account-range', [opened, deposited(1), deposited(2)]);
    await store.append('account-between', [opened]);
    await store.append('account-range', [deposited(3), deposited(4)]);
    const all = await collect(reader.readStream('account-range'));
    const read = async (options: Parameters<typeof store.readStream>[1]) =>
      versionsIn(await collect(reader.readStream('account-range', options)));
    expect(await read({ untilPosition: all[3]!.position })).toEqual([1, 2, 3, 4]);
    expect(await read({ untilPosition: all[3]!.position - 1 })).toEqual([1, 2, 3]);
    expect(await read({ untilPosition: all[3]!.position, from: 2, to: 9, limit: 2 })).toEqual([2, 3]);
    expect(await read({ from: 2, to: 4, backwards: true, limit: 2 })).toEqual([4, 3]);
    expect(await read({ from: 6 })).toEqual([]);
    expect(await read({ limit: 0 })).toEqual([]);
  });

  test('ends when its signal aborts', async ({ reader }) => {
    const asked = countQueries(reader);
    const stop = new AbortController();
    let read = 0;
    for await (const event of reader.readStream('account-long', { signal: stop.signal })) {
      read += Number(event.streamVersion > 0);
      stop.abort();
    }
    expect(asked()).toBe(1);
    expect(read).toBeLessThanOrEqual(1_000);
  });
});
