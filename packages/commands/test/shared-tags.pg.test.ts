import { tracingChannel } from 'node:diagnostics_channel';
import { type AppendBatchTrace, defineDecision, defineFold, reject } from '@leftfold/core';
import { courseEvents, load, plan } from '@leftfold/testbed/courses';
import { createBarrier } from '@leftfold/testbed/waiting';
import { expect } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../src/index.ts';
import { test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const planned = defineFold({
  events: [courseEvents],
  initialState: false,
  evolve: { 'course.planned': () => true },
});

/** Rests on the plan of one course, and appends an event of a course and a student of its own. */
const practise = defineDecision({
  name: 'practise',
  input: z.object({ courseId: z.string(), studentId: z.string() }),
  events: [courseEvents],
  reads: ({ courseId, studentId }) => ({
    course: planned.for({ course: courseId }),
    courses: load.for({ student: studentId }),
  }),
  rejections: ['no-such-course'],
  decide: ({ course }, { studentId }, emit) =>
    course ? emit.course.subscribed({ courseId: `of-${studentId}`, studentId }) : reject('no-such-course'),
});

test('decisions that read one tag and append nothing which the others read share a batch', async ({
  bank,
  store,
}) => {
  await bank.execute(plan.command({ courseId: 'read-by-all', seats: 1 }));
  const watched = new WatchedStore(store);
  await using executor = createCommandExecutor({ store: watched, aggregates: [], decisions: [practise] });
  const of = (studentId: string) => practise.command({ courseId: 'read-by-all', studentId });
  // What the decision appends is not known before.
  expect(await executor.execute(of('first'))).toMatchObject({ outcome: 'accepted' });
  // None is sent before all have decided: were one to wait for another one, none would be.
  watched.beforeAppend = createBarrier(16);
  const batches: number[] = [];
  const listener = { start: ({ requestCount }: AppendBatchTrace) => void batches.push(requestCount) };
  const channel = tracingChannel<unknown, AppendBatchTrace>('leftfold:append.batch');
  channel.subscribe(listener as never);
  const results = await Promise.all(
    Array.from({ length: 16 }, (_, index) => executor.execute(of(`beside-${index}`))),
  );
  channel.unsubscribe(listener as never);
  for (const result of results) expect(result).toMatchObject({ outcome: 'accepted', attempts: 1 });
  // The first one may be sent before the others have come.
  expect(batches.length).toBeLessThanOrEqual(2);
  expect(batches.reduce((sum, count) => sum + count, 0)).toBe(16);
});
