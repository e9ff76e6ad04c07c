import { tracingChannel } from 'node:diagnostics_channel';
import type { AppendBatchTrace } from '@leftfold/core';
import { deposited, opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { test as storeTest } from './store-test.ts';

const channel = tracingChannel<unknown, AppendBatchTrace>('leftfold:append.batch');

/** The number of requests of each batch that was sent. */
const test = storeTest.extend('batches', ({}, { onCleanup }) => {
  const batches: number[] = [];
  const listener = { start: ({ requestCount }: AppendBatchTrace) => void batches.push(requestCount) };
  channel.subscribe(listener as never);
  onCleanup(() => channel.unsubscribe(listener as never));
  return batches;
});

/** Rests on the definition of a course, and notes something about a student of its own. */
const note = (store: PostgresEventStore, course: string, student: string) =>
  store.append(`account-${student}`, [{ ...deposited(1), tags: [`student:${student}`, course] }], {
    condition: { failIfMatch: { tags: [course], types: ['account.opened'] } },
  });
const students = (prefix: string) => Array.from({ length: 16 }, (_, index) => `${prefix}-${index}`);

test('conditions on one tag share a batch when none asks for what another one writes', async ({
  store,
  batches,
}) => {
  await store.append('account-first', [opened]);
  batches.length = 0;
  const notes = await Promise.all(students('together').map((student) => note(store, 'together', student)));
  expect(notes.map(({ streamVersion }) => streamVersion)).toEqual(Array(16).fill(1));
  expect(batches).toEqual([16]);
});

test('conditions that exclude each other do not share a batch, and one of them holds', async ({
  store,
  batches,
}) => {
  guarantee('no-write-skew');
  await store.append('account-alone', [opened]);
  batches.length = 0;
  const outcomes = await Promise.allSettled(
    students('alone').map((student) =>
      store.append(`account-${student}`, [{ ...opened, tags: ['alone'] }], {
        condition: { failIfMatch: { tags: ['alone'], types: ['account.opened'] } },
      }),
    ),
  );
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  expect(batches).toEqual(Array(16).fill(1));
});

test.for(['commit', 'rollback'] as const)(
  'conditions on one tag that wait for a writer of it see it end by %s, and delay no other append',
  async (end, { store, database }) => {
    guarantee('conditions-wait-for-appends-in-flight', 'slow-appends-block-little');
    const course = `held-${end}`;
    await using holder = await beginTransaction(database.connectionString);
    const definition = [{ ...opened, tags: [course] }];
    await store.append(`account-${course}`, definition, { transaction: holder.client });
    const noted = Promise.allSettled(students(course).map((student) => note(store, course, student)));
    await untilBlocked(database.connectionString);
    const later = Promise.allSettled([note(store, course, `${course}-later`)]);
    const { streamVersion } = await store.append(`account-${course}-other`, [opened]);
    expect(streamVersion).toBe(1);
    await holder[end]();
    const outcomes = (await Promise.all([noted, later])).flat();
    const kinds = outcomes.map((one) => (one.status === 'fulfilled' ? 'held' : one.reason.code));
    expect(kinds).toEqual(Array(17).fill(end === 'commit' ? 'APPEND_CONDITION_FAILED' : 'held'));
  },
);

test('a condition sees what was appended before it by the batch that it did not share', async ({ store }) => {
  guarantee('conditions-hold-until-commit');
  const [held, { position }, refused] = await Promise.all([
    note(store, 'between', 'between-before'),
    store.append('account-between', [{ ...opened, tags: ['between'] }]),
    failureOf(note(store, 'between', 'between-after')),
  ]);
  expect(held.position).toBeLessThan(position);
  expect(refused).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position });
});
