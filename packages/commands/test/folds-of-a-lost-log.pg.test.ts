import { createEventStore } from '@leftfold/event-store';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect, vi } from 'vitest';
import { createCommandExecutor } from '../src/index.ts';

const test = databaseTest();

test('a rejection does not rest on an event that another one has replaced', async ({
  ownDatabase: { connectionString },
  onTestFinished,
}) => {
  guarantee('log-went-back');
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
  const open = () => createEventStore({ connectionString, events: [courseEvents] });
  await using store = open();
  await store.migrate();
  const decisions = [plan, subscribe] as const;
  await using school = createCommandExecutor({ store, aggregates: [], decisions });
  await school.execute(plan.command({ courseId: 'c', seats: 1 }));
  const backup = await backUpDatabase(connectionString);
  await school.execute(subscribe.command({ courseId: 'c', studentId: 'lost' }));
  const next = subscribe.command({ courseId: 'c', studentId: 'lost' });
  expect(await school.execute(next)).toMatchObject({ outcome: 'rejected' });
  await backup.restore();
  await using other = open();
  const { unsubscribed } = courseEvents.create;
  await other.append('course-c', [unsubscribed({ courseId: 'c', studentId: 'lost' })]);
  expect(await school.execute(next)).toMatchObject({ outcome: 'accepted' });
});
