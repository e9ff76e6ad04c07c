import { defineEvents, defineProjection, defineTableProjection } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { inlineProjections } from '../src/index.ts';
import { definitionHashOf } from '../src/runner/declared.ts';
import { test as runnerTest } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

const cents = z.int();
const moved = z.object({ from: cents, to: cents });

const first = defineEvents('till', { added: z.object({ cents }), moved, viewed: z.object({}) });
const shapes = { credited: z.object({ cents }), debited: z.object({ cents }) };
const next = defineEvents('till', shapes, {
  retired: {
    added: { schema: z.object({ cents }), readAs: ['credited'], upcast: (data, to) => to.credited(data) },
    moved: {
      schema: moved,
      readAs: ['debited', 'credited'],
      upcast: (data, to) => [to.debited({ cents: data.from }), to.credited({ cents: data.to })],
    },
    viewed: { schema: z.object({}), readAs: [] },
  },
});

/** The events of a release that has none retired. */
const plain = defineEvents('till', shapes);

function tillOf(events: typeof plain) {
  return defineTableProjection({
    name: 'till',
    events: [events],
    columns: { till_id: 'text', credits: 'integer', cents: 'bigint' },
    key: ({ streamId }) => ({ till_id: streamId }),
    initialRow: { credits: 0, cents: 0 },
    evolve: {
      'till.credited': (row, { data }) => ({
        ...row,
        credits: row.credits + 1,
        cents: row.cents + data.cents,
      }),
    },
  });
}
const till = tillOf(next);

/** One row for each event; fails at a credit of 13 cents. */
const entries = defineProjection({
  name: 'entries',
  events: [next],
  tables: {
    entry: {
      columns: { position: 'bigint', part: 'integer', cents: 'bigint' },
      primaryKey: ['position', 'part'],
    },
  },
  on: {
    'till.credited': async (tx, { position, readFrom, data }) => {
      if (data.cents === 13) throw new Error('thirteen is refused');
      await tx
        .insertInto('entry')
        .values({ position, part: readFrom?.index ?? 0, cents: data.cents })
        .execute();
    },
    'till.debited': (tx, { position, readFrom, data }) =>
      tx.insertInto('entry').values({ position, part: readFrom?.index ?? 0, cents: -data.cents }),
  },
});

const { create } = first;
const move = (from: number, to: number) => create.moved({ from, to });

const test = runnerTest
  // A log that the first release wrote, and a store of the next one.
  .extend(
    'written',
    ({ database }) =>
      async (events: Parameters<ReturnType<typeof openStore>['append']>[1]) => {
        const old = await freshStore(database, { events: [first] });
        await old.append('till-1', events);
        return openStore(database.connectionString, { schema: old.schema, events: [next] });
      },
  );

describe('a projection of events that replace retired ones', () => {
  test('reads the stored retired ones, and of several only the events that it handles', async ({
    written,
  }) => {
    guarantee('retired-events');
    await using store = await written([
      create.added({ cents: 5 }),
      move(2, 4),
      create.viewed({}),
      move(1, 1),
    ]);
    await store.append('till-1', [next.create.credited({ cents: 90 })]);
    await using runner = createTestRunner(store, [till, entries]);
    await runner.start();
    for (const projection of [till, entries]) await runner.whenCaughtUp(projection);
    expect(await rowsOf(store, till)).toEqual([{ till_id: 'till-1', credits: 4, cents: 100 }]);
    expect((await rowsOf(store, entries)).map((row) => Object.values(row))).toEqual([
      [1, 0, 5],
      [2, 0, -2],
      [2, 1, 4],
      [4, 0, -1],
      [4, 1, 1],
      [5, 0, 90],
    ]);
    expect(await runner.status()).toMatchObject([
      { position: 5, lag: 0 },
      { position: 5, lag: 0 },
    ]);
  });

  test('stops at the stored event when a later one of its events fails, and applies none of them', async ({
    written,
  }) => {
    guarantee('retired-events');
    await using store = await written([move(1, 2), move(3, 13), move(5, 6)]);
    await using runner = createTestRunner(store, [entries]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(entries))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: 2,
      eventType: 'till.credited',
    });
    expect((await rowsOf(store, entries)).map(({ position }) => position)).toEqual([1, 1]);
    expect(await runner.status()).toMatchObject([{ state: 'stopped', position: 1 }]);
  });

  test('has another definition as soon as its events are read from other stored ones', async ({
    written,
  }) => {
    guarantee('retired-events');
    const hashes = [
      tillOf(plain),
      till,
      tillOf(
        defineEvents('till', shapes, {
          retired: {
            added: {
              schema: z.object({ cents }),
              readAs: ['credited'],
              upcast: (data, to) => to.credited(data),
            },
          },
        }),
      ),
    ].map(definitionHashOf);
    expect(new Set(hashes).size).toBe(3);

    await using store = await written([create.added({ cents: 5 })]);
    await using before = createTestRunner(store, [tillOf(plain)]);
    await before.migrate();
    await using runner = createTestRunner(store, [till]);
    await runner.migrate();
    await runner.start();
    expect(await runner.status()).toMatchObject([{ state: 'mismatched' }]);
  });

  test('does not change when events that it does not read are retired', () => {
    const retiring = defineEvents('till', shapes, {
      retired: { viewed: { schema: z.object({}), readAs: [] } },
    });
    expect(definitionHashOf(tillOf(retiring))).toBe(definitionHashOf(tillOf(plain)));
  });

  test('applied inline has the history of retired events, and ceases to be inline when an older release appends one', async ({
    database,
  }) => {
    guarantee('retired-events');
    const schema = 'inline_retired';
    const inlineTill = { ...till, mode: 'inline' } as const;
    await using old = await freshStore(database, { schema, events: [first] });
    await old.append('till-1', [create.added({ cents: 5 }), move(2, 4)]);
    const inline = inlineProjections([inlineTill], { schema });
    await using store = openStore(database.connectionString, { schema, events: [next], inline });
    await using runner = createTestRunner(store, [inlineTill]);
    await runner.migrate();
    await runner.start();
    await runner.whenCaughtUp(inlineTill);
    await store.append('till-1', [next.create.credited({ cents: 1 })]);
    expect(await rowsOf(store, inlineTill)).toEqual([{ till_id: 'till-1', credits: 3, cents: 10 }]);
    await old.append('till-1', [create.added({ cents: 7 })]);
    expect(await runner.status()).toMatchObject([{ state: expect.not.stringMatching('inline') }]);
    await runner.whenCaughtUp(inlineTill);
    expect(await rowsOf(store, inlineTill)).toEqual([{ till_id: 'till-1', credits: 4, cents: 17 }]);
  });
});
