import { deposited, opened } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import type { Pool } from 'pg';
import { describe, expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { migratedLog, openStore } from './store-test.ts';

const test = databaseTest(migratedLog);

const setSequence = (pool: Pool, value: number, isCalled = true) =>
  pool.query(`select setval('leftfold.event_position', $1, $2)`, [value, isCalled]);

/** A log of five events that was copied without its sequence. Position 3 was rolled back, so that it is free. */
async function copyWithoutSequence(store: PostgresEventStore, pool: Pool): Promise<void> {
  await store.append('account-1', [opened, deposited(1)]);
  await pool.query(`select nextval('leftfold.event_position')`);
  await store.append('account-1', [deposited(2), deposited(3), deposited(4)]);
  await setSequence(pool, 2);
}

const tagged = { ...deposited(1), tags: ['t'] };

describe('a log that was copied without its sequence', () => {
  test.for<[string, (on: PostgresEventStore, pool: Pool) => Promise<unknown>]>([
    ['an append', (on) => on.append('account-2', [opened])],
    [
      'an append in a transaction of the caller',
      (on) => on.db.transaction().execute((transaction) => on.append('account-2', [opened], { transaction })),
    ],
    ['the locks of an append', (on) => on.lockForAppend([{ streamId: 'account-2', events: [tagged] }], {})],
    ['a read for a decision', (on) => on.readForDecision({ tags: ['t'] })],
    ['the high-water mark', (on) => on.highWaterMark()],
    ['a subscription', (on) => collect(on.subscribe(), 1)],
  ])('refuses %s, and says what to run', async ([, call], { ownDatabase, ownPool }) => {
    guarantee('log-copied-without-its-sequence');
    const { connectionString } = ownDatabase;
    {
      await using store = openStore(connectionString);
      await copyWithoutSequence(store, ownPool);
    }
    await using store = openStore(connectionString);
    expect(await failureOf(call(store, ownPool))).toMatchObject({
      code: 'SEQUENCE_BEHIND',
      retryable: false,
      schema: 'leftfold',
      message: expect.stringContaining('select setval('),
    });
    const { rows } = await ownPool.query('select max(position) as last, count(*) from leftfold.events');
    expect(rows).toEqual([{ last: '6', count: '5' }]);
    await ownPool.query(
      `select setval('"leftfold".event_position', (select max(position) from "leftfold".events))`,
    );
    expect(await store.append('account-2', [opened])).toMatchObject({ position: 7 });
    expect(await collect(store.readAll())).toHaveLength(6);
  });

  test('refuses an append by SQL', async ({ ownDatabase: { connectionString }, ownPool }) => {
    guarantee('log-copied-without-its-sequence');
    await using store = openStore(connectionString);
    await copyWithoutSequence(store, ownPool);
    const append = `select * from leftfold.append('account-2', '[{"type": "account.opened"}]')`;
    expect(await failureOf(ownPool.query(append))).toMatchObject({ code: 'LF008' });
  });

  test('names its error also when a process that has read the log draws the position of an event', async ({
    ownDatabase: { connectionString },
    ownPool,
  }) => {
    await using store = openStore(connectionString);
    await copyWithoutSequence(store, ownPool);
    await setSequence(ownPool, 3);
    expect(await failureOf(store.append('account-2', [opened]))).toMatchObject({ code: 'SEQUENCE_BEHIND' });
  });
});

test('a sequence that was set to the next position is not behind', async ({
  ownDatabase: { connectionString },
  ownPool,
}) => {
  await using store = openStore(connectionString);
  await store.append('account-1', [opened, deposited(1)]);
  await setSequence(ownPool, 3, false);
  expect(await store.highWaterMark()).toBe(2);
  await using other = openStore(connectionString);
  expect(await collect(other.readAll())).toHaveLength(2);
  expect(await other.append('account-1', [deposited(2)])).toMatchObject({ position: 3 });
});
