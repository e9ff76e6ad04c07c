import { opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { pauseFunction } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { openStore, positionsOf, test as storeTest } from './store-test.ts';

/** A fence holds the lower 31 bits of a position: at each of these they begin again. */
const ROUND = 2 ** 31;
const offsets = [-3, -2, -1, 0, 1];
/** Where to look, in rounds: each offset in a round of its own, for positions are drawn once, and rise. */
const rounds = [1, 2 ** 20, 2 ** 22 - 20];

let serial = 0;

const test = storeTest
  .extend(
    'append',
    ({ store }) =>
      () =>
        store.append(`account-${(serial += 1)}`, [opened]),
  )
  // The next position drawn is the one after this.
  .extend('moveSequenceTo', ({ pool }) => async (position: number) => {
    await pool.query(`select setval('leftfold.event_position', $1)`, [position]);
  });

describe.for(rounds)('where the fences begin again, from round %d', (round) => {
  test.for(offsets.map((offset, index) => (round + index) * ROUND + offset))(
    'an append held open behind position %d is waited for',
    async (start, { database, store, append, moveSequenceTo }) => {
      guarantee('long-appends');
      await moveSequenceTo(start - 1);
      const { position: before } = await append();
      expect(before).toBe(start);
      const late = await beginTransaction(database.connectionString);
      const first = await store.append(`account-${(serial += 1)}`, [opened], { transaction: late.client });
      const beyond = [await append(), await append(), await append()];

      await using reader = openStore(database.connectionString);
      expect(await reader.highWaterMark()).toBe(before);
      await late.commit();
      const all = await collect(reader.readAll({ after: before }));
      expect(positionsOf(all)).toEqual(positionsOf([first, ...beyond]));
    },
  );

  test.for([(round + offsets.length) * ROUND])(
    'a fence taken ahead of what a reader started from holds nothing back, at %d',
    async (edge, { database, store, append, moveSequenceTo }) => {
      await moveSequenceTo(edge - 2);
      const { position: known } = await append();
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', 2);
      await using reader = openStore(database.connectionString);
      const marked = reader.highWaterMark();
      await pause.reached();
      await append();
      await append();
      const late = await beginTransaction(database.connectionString);
      await store.append(`account-${(serial += 1)}`, [opened], { transaction: late.client });
      await pause.resume();
      expect(await marked).toBe(known);
      await late.rollback();
    },
  );
});

test('readers wait for an append after two thousand million later positions', async ({
  database,
  store,
  append,
  moveSequenceTo,
}) => {
  guarantee('long-appends');
  await moveSequenceTo((Math.max(...rounds) + 10) * ROUND);
  const { position: before } = await append();
  const late = await beginTransaction(database.connectionString);
  await store.append(`account-${(serial += 1)}`, [opened], { transaction: late.client });
  for (const drawn of [2 ** 30 - 1, 2 ** 30, 2 ** 30 + 1, 1.5 * 2 ** 30, 2_000_000_000]) {
    await moveSequenceTo(before + drawn);
    await append();
    await using reader = openStore(database.connectionString);
    expect(await reader.highWaterMark(), `${drawn} positions later`).toBe(before);
  }
  await late.rollback();
});
