import { defineEvents, defineProjection, defineTableProjection, tokenOf } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';
import { test } from './runner-test.ts';

const moves = defineEvents('move', { made: z.object({ from: z.string(), to: z.string(), cents: z.int() }) });
const made = (from: string, to: string, cents: number) => moves.create.made({ from, to, cents });

/** Amounts at which a row cannot be folded. */
const refused = new Set<number>();

const balances = defineTableProjection({
  name: 'balances',
  events: [moves],
  columns: { account: 'text', cents: 'bigint', history: 'text' },
  key: ({ data }) => [{ account: data.from }, { account: data.to }],
  initialRow: { cents: 0, history: '' },
  onFailure: 'park',
  evolve: {
    'move.made': (row, { data }) => {
      if (refused.has(data.cents) && row.account === 'ada') throw new Error('refused');
      const cents = row.account === data.from ? -data.cents : data.cents;
      return { ...row, cents: row.cents + cents, history: `${row.history}${cents} ` };
    },
  },
});

const ledger = defineProjection({
  name: 'ledger',
  events: [moves],
  onFailure: 'park',
  key: ({ data }) => data.to,
  tables: { entries: { columns: { position: 'bigint', receiver: 'text' }, primaryKey: ['position'] } },
  on: {
    'move.made': (tx, { position, data }) => {
      if (refused.has(data.cents)) throw new Error('refused');
      return tx.insertInto('entries').values({ position, receiver: data.to });
    },
  },
});

describe('a table projection that parks', () => {
  test('sets rows aside: an event is applied to its other rows, and to each row once and in order', async ({
    database,
  }) => {
    guarantee('parks-a-key');
    refused.add(2);
    await using store = await freshStore(database, { events: [moves] });
    await store.append('move-1', [
      made('ada', 'bob', 1),
      made('bob', 'ada', 2), // fails: both rows are parked
      made('bob', 'cleo', 3),
      made('cleo', 'dan', 4),
    ]);
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await runner.whenCaughtUp(balances);
    expect(await runner.status()).toMatchObject([{ state: 'running', parked: { keys: 2, events: 3 } }]);
    expect(await rowsOf(store, balances)).toEqual([
      { account: 'ada', cents: -1, history: '-1 ' },
      { account: 'bob', cents: 1, history: '1 ' },
      { account: 'cleo', cents: -1, history: '3 -4 ' },
      { account: 'dan', cents: 4, history: '4 ' },
    ]);

    // Only ada fails: bob goes on when it is resumed.
    await runner.parked.resumeAll(balances);
    await until(async () => (await runner.status())[0]?.parked.keys === 1);
    expect(await runner.parked.list(balances)).toMatchObject([{ key: 'ada', events: 1 }]);
    refused.clear();
    await runner.parked.resume(balances, 'ada');
    await until(async () => (await runner.status())[0]?.parked.keys === 0);
    await store.append('move-1', [made('ada', 'bob', 5)]);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toEqual([
      { account: 'ada', cents: -4, history: '-1 2 -5 ' },
      { account: 'bob', cents: 1, history: '1 -2 -3 5 ' },
      { account: 'cleo', cents: -1, history: '3 -4 ' },
      { account: 'dan', cents: 4, history: '4 ' },
    ]);
  });

  test('parks the rows of an event whose result cannot be stored', async ({ database }) => {
    await using store = await freshStore(database, { events: [moves] });
    const strict = defineTableProjection({
      name: 'strict',
      events: [moves],
      columns: { account: 'text', last: 'integer' },
      key: ({ data }) => ({ account: data.to }),
      initialRow: { last: 0 },
      onFailure: 'park',
      evolve: { 'move.made': (row, { data }) => ({ ...row, last: data.cents }) },
    });
    await store.append('move-1', [
      made('ada', 'bob', 1),
      made('ada', 'bob', 2 ** 40),
      made('ada', 'cleo', 3),
    ]);
    await using runner = createTestRunner(store, [strict]);
    await runner.start();
    await runner.whenCaughtUp(strict);
    expect(await rowsOf(store, strict)).toEqual([
      { account: 'bob', last: 1 },
      { account: 'cleo', last: 3 },
    ]);
    expect(await runner.parked.list(strict)).toMatchObject([{ key: 'bob', failure: { position: 2 } }]);
  });
});

test('a projection with handlers parks by its key, and a wait for a parked event fails', async ({
  database,
}) => {
  guarantee('parks-a-key');
  refused.add(2);
  await using store = await freshStore(database, { events: [moves] });
  const { events } = await store.append('move-1', [
    made('ada', 'bob', 1),
    made('ada', 'bob', 2),
    made('ada', 'cleo', 3),
    made('ada', 'bob', 4),
  ]);
  await using runner = createTestRunner(store, [ledger]);
  await runner.start();
  await runner.whenCaughtUp(ledger);
  const received = async () => (await rowsOf(store, ledger)).map(({ position }) => position);
  expect(await received()).toEqual([1, 3]);
  expect(await runner.parked.list(ledger)).toMatchObject([{ key: 'bob', events: 2 }]);
  expect(await failureOf(runner.waitFor(ledger, tokenOf(events[3])))).toMatchObject({
    code: 'EVENT_PARKED',
  });
  refused.clear();
  await runner.parked.resume(ledger, 'bob');
  await until(async () => (await runner.status())[0]?.parked.keys === 0);
  expect(await received()).toEqual([1, 2, 3, 4]);
  await runner.waitFor(ledger, tokenOf(events[3]));
});

test('an inline projection cannot park', () => {
  expect(() =>
    defineProjection({
      name: 'inline',
      mode: 'inline',
      onFailure: 'park',
      events: [moves],
      tables: { entries: { columns: { position: 'bigint' }, primaryKey: ['position'] } },
      on: { 'move.made': (tx, { position }) => tx.insertInto('entries').values({ position }) },
    }),
  ).toThrow(expect.objectContaining({ code: 'INVALID_DEFINITION' }));
});
