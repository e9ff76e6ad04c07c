import { defineEvents, schemaVersions, tagged as withTags } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { z } from 'zod';
import { checkHistory, createEventStore, type HistoryProgress } from '../src/index.ts';
import { test as storeTest } from './store-test.ts';

const none = z.object({});
const first = defineEvents('till', {
  added: z.object({ cents: z.int() }),
  moved: z.object({ from: z.int(), to: z.int() }),
  noted: z.object({ text: z.string() }),
  dropped: none,
});

/** A release in which old events do not fit: amounts below 1, notes that are a secret. */
const next = defineEvents(
  'till',
  {
    added: schemaVersions(z.object({ cents: z.int() })).next(
      z.object({ cents: z.int().positive() }),
      (data) => data,
    ),
    noted: z.object({ text: z.string().max(5) }),
  },
  {
    retired: {
      moved: {
        schema: z.object({ from: z.int(), to: z.int() }),
        readAs: ['added'],
        upcast: (data, to) => [to.added({ cents: data.to }), to.added({ cents: data.from })],
      },
    },
  },
);

const { added, moved, noted, dropped } = first.create;

const test = storeTest.extend('log', ({ database }) => async (schema: string, count: number) => {
  const options = { connectionString: database.connectionString, schema, maxConnections: 2 };
  await using old = createEventStore({ ...options, events: [first] });
  await old.migrate();
  const events = Array.from({ length: count }, (_, index) => added({ cents: index % 1_000 }));
  for (let from = 0; from < count; from += 5_000)
    await old.append('till-1', events.slice(from, from + 5_000));
  const [again, store] = [first, next].map((group) => createEventStore({ ...options, events: [group] }));
  return {
    old: again!,
    store: store!,
    async [Symbol.asyncDispose]() {
      await again!.close();
      await store!.close();
    },
  };
});

test('counts events by type and version, and names those that this release cannot read', async ({ log }) => {
  guarantee('checked-history');
  await using opened = await log('counted', 0);
  const { old, store } = opened;
  await old.append('till-1', [
    added({ cents: 5 }),
    added({ cents: 0 }),
    moved({ from: 1, to: 2 }),
    moved({ from: 0, to: 2 }),
    noted({ text: 'a secret' }),
    dropped({}),
  ]);
  const report = await checkHistory(store);
  expect(report).toMatchObject({ position: 6, upTo: 6, complete: true, events: 6, failed: 3, unknown: 1 });
  expect(report.counts).toEqual([
    { type: 'till.added', schemaVersion: 1, events: 2, failed: 1, unknown: false, untagged: 0 },
    { type: 'till.dropped', schemaVersion: 1, events: 1, failed: 0, unknown: true, untagged: 0 },
    { type: 'till.moved', schemaVersion: 1, events: 2, failed: 1, unknown: false, untagged: 0 },
    { type: 'till.noted', schemaVersion: 1, events: 1, failed: 1, unknown: false, untagged: 0 },
  ]);
  expect(report.failures).toMatchObject([
    {
      position: 2,
      streamId: 'till-1',
      streamVersion: 2,
      type: 'till.added',
      schemaVersion: 1,
      issues: [{ path: 'cents', code: 'too_small' }],
    },
    { position: 4, type: 'till.moved', issues: [{ path: 'cents' }] },
    { position: 5, type: 'till.noted', issues: [{ path: 'text', code: 'too_big' }] },
  ]);
  expect(JSON.stringify(report)).not.toContain('secret');
  expect(await checkHistory(old)).toMatchObject({ failed: 0, unknown: 0, events: 6 });
  expect(await checkHistory(store, { filter: { types: ['till.noted'] } })).toMatchObject({
    events: 1,
    failed: 1,
  });
});

test('reads page by page, tells of its progress, lists some failures and can be aborted and continued', async ({
  log,
}) => {
  guarantee('checked-history');
  await using opened = await log('long', 10_500);
  const progress: HistoryProgress[] = [];
  const end = new AbortController();
  const onProgress = (one: HistoryProgress) => {
    progress.push(one);
    if (progress.length === 3) end.abort();
  };
  const { store } = opened;
  const begun = await checkHistory(store, { onProgress, signal: end.signal, maxFailures: 2 });
  expect(progress.map(({ events }) => events)).toEqual([1_000, 2_000, 3_000]);
  expect(progress.map(({ done, total }) => [done, total])).toEqual([
    [1_000, 10_500],
    [2_000, 10_500],
    [3_000, 10_500],
  ]);
  expect(progress.every(({ perSecond = 0, secondsLeft = 0 }) => perSecond > 0 && secondsLeft > 0)).toBe(true);
  expect(begun).toMatchObject({ position: 3_000, upTo: 10_500, complete: false, events: 3_000, failed: 3 });
  expect(begun.failures.map(({ position }) => position)).toEqual([1, 1_001]);
  const rest = await checkHistory(store, { after: begun.position });
  expect(rest).toMatchObject({ complete: true, events: 7_500, failed: 8 });
});

test('of a sample reads about as many events, from all parts of the log', async ({ log }) => {
  await using opened = await log('sampled', 10_000);
  const { store } = opened;
  const positions: number[] = [];
  const onProgress = ({ done }: HistoryProgress) => positions.push(done);
  expect(await checkHistory(store, { sample: 500, onProgress })).toMatchObject({
    complete: true,
    events: 500,
  });
  expect(positions).toHaveLength(100);
  expect(positions.at(0)).toBe(5);
  expect(positions.at(-1)).toBe(9_905);
  expect(await checkHistory(store, { sample: 3 })).toMatchObject({ events: 3 });
  expect(await checkHistory(store, { sample: 1_000_000 })).toMatchObject({ events: 10_000 });
});

test('names a schema that throws without its message', async ({ database, log }) => {
  await using opened = await log('thrown', 1);
  const throwing = defineEvents('till', {
    added: z.object({ cents: z.int() }).transform((data) => {
      if (data.cents === 0) throw new Error(`secret ${data.cents}`);
      return data;
    }),
  });
  await using store = createEventStore({
    connectionString: database.connectionString,
    schema: opened.store.schema,
    events: [throwing],
  });
  const report = await checkHistory(store);
  expect(report.failures).toMatchObject([{ position: 1, issues: [{ code: 'threw' }] }]);
  expect(JSON.stringify(report)).not.toContain('secret');
});

test('counts the events that lack a tag which this release gives them', async ({ log, database }) => {
  guarantee('checked-history');
  await using opened = await log('untagged', 2);
  const tagged = defineEvents('till', {
    added: withTags(z.object({ cents: z.int() }), ({ cents }) => ({ cents })),
    noted: withTags(z.object({ text: z.string() }), ({ text }) => ({ text })),
  });
  const options = { connectionString: database.connectionString, schema: 'untagged', maxConnections: 2 };
  await using store = createEventStore({ ...options, events: [tagged] });
  await store.append('till-1', [tagged.create.added({ cents: 5 }), tagged.create.noted({ text: 'A' })]);
  await opened.old.append('till-1', [noted({ text: 'B' }, { tags: ['text:b'] }), dropped({})]);
  const report = await checkHistory(store);
  expect(report).toMatchObject({ events: 6, failed: 0, unknown: 1, untagged: 3 });
  expect(report.counts.map(({ type, untagged }) => [type, untagged])).toEqual([
    ['till.added', 2],
    ['till.dropped', 0],
    ['till.noted', 1],
  ]);
  expect(await checkHistory(opened.old)).toMatchObject({ events: 6, untagged: 0 });
});
