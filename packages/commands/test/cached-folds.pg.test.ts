import { defineDecision, defineFold, reject } from '@leftfold/core';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { openBank, test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const of = (courseId: string, studentId: string) => subscribe.command({ courseId, studentId });

test('folds that are cached at different positions, or new, need no read of the log', async ({
  bank,
  store,
}) => {
  for (const courseId of ['c1', 'c2']) await bank.execute(plan.command({ courseId, seats: 9 }));
  const watched = new WatchedStore(store);
  const school = openBank(watched);
  // What is not cached is read, unless the last time nothing was found in its role.
  for (const [courseId, studentId, reads] of [
    ['c1', 's1', 1],
    ['c1', 's2', 1],
    ['c2', 's1', 2],
    ['c2', 's3', 3],
    ['c2', 's2', 3],
    ['c1', 's3', 3],
  ] as const) {
    const result = await school.execute(of(courseId, studentId));
    expect(result, `${courseId} ${studentId}`).toMatchObject({ outcome: 'accepted', attempts: 1 });
    expect(watched.count('readForDecision')).toBe(reads);
  }
  expect(watched.count('append')).toBe(6);
});

test('a fold that is not cached is read from the beginning, and the others after what they have', async ({
  bank,
  store,
}) => {
  await bank.execute(plan.command({ courseId: 'old', seats: 9 }));
  const watched = new WatchedStore(store);
  const school = openBank(watched);
  const { events } = accepted(await school.execute(of('old', 's9')));
  const asked: unknown[] = [];
  const read = watched.readForDecision;
  watched.readForDecision = async (queries, options) => {
    asked.push(...[queries].flat().map(({ tags, after = 0 }) => [tags, after]));
    return read(queries, options);
  };
  await bank.execute(plan.command({ courseId: 'new', seats: 9 }));
  await school.execute(of('new', 's9'));
  expect(asked).toEqual([
    [['course:new'], 0],
    [['student:s9'], events[0]!.position],
    [['course:new', 'student:s9'], 0],
  ]);
});

test('a fold for a number does not get the cached state of one for the same text', async ({ store }) => {
  const kinds = defineFold({
    events: [courseEvents],
    initialState: 'none',
    evolve: { 'course.planned': (_state, _data, { course }) => typeof course },
  });
  const look = defineDecision({
    name: 'look',
    input: z.object({ course: z.union([z.string(), z.number()]) }),
    events: [courseEvents],
    reads: ({ course }) => ({ kind: kinds.for({ course }) }),
    decide: ({ kind }) => reject('seen', { kind }),
  });
  await store.append('course-7', [courseEvents.create.planned({ courseId: '7', seats: 1 })]);
  await using executor = createCommandExecutor({ store, aggregates: [], decisions: [look] });
  for (const course of [7, '7'])
    expect(await executor.execute(look.command({ course }))).toMatchObject({
      details: { kind: typeof course },
    });
});

test('a role that began with no event reads again when there is one', async ({ bank, store, otherStore }) => {
  const other = openBank(otherStore);
  const watched = new WatchedStore(store);
  const school = openBank(watched);
  expect(await school.execute(plan.command({ courseId: 'first', seats: 1 }))).toMatchObject({
    outcome: 'accepted',
  });
  await other.execute(plan.command({ courseId: 'taken', seats: 1 }));
  expect(await school.execute(plan.command({ courseId: 'taken', seats: 1 }))).toMatchObject({
    outcome: 'rejected',
    attempts: 1,
  });
  expect(await bank.execute(of('taken', 's4'))).toMatchObject({ outcome: 'accepted' });
});

test('a rejection does not rest on a cached state and on an older one', async ({ bank, store, database }) => {
  guarantee('decisions-over-tags');
  const { events } = accepted(await bank.execute(plan.command({ courseId: 'held', seats: 1 })));
  await bank.execute(of('held', 's5'));
  const school = openBank(store);
  // As an append does it: the lock on the tag, the sequence's value, and some time later the writer lock.
  await using writer = await beginTransaction(database.connectionString);
  await writer.client.query(
    `select leftfold._lock_tags_and_types(array['course:held'], array['course.planned'])`,
  );
  const again = await school.execute(plan.command({ courseId: 'held', seats: 1 }));
  expect(again).toMatchObject({ outcome: 'rejected', reason: 'already-planned' });
  await writer.client.query(
    `select pg_advisory_xact_lock_shared('leftfold.events'::regclass::oid::integer, $1)`,
    [events[0]!.position],
  );
  // The course is cached with its only subscription, which a read of the student does not return now.
  const rejected = school.execute(of('held', 's5'));
  await untilBlocked(store.pool);
  await writer.rollback();
  expect(await rejected).toMatchObject({ outcome: 'rejected', reason: 'already-subscribed' });
});
