import { databaseTest } from '@leftfold/testbed/database';
import { latestToken } from 'leftfold';
import { expect } from 'vitest';
import { enrol, leave, MOST_COURSES, plan } from '../src/domain/enrolment.ts';
import { openSchool } from '../src/open-school.ts';
import { waitingList } from '../src/read/waiting-list.ts';

/** Two processes' apps on one database. */
const test = databaseTest()
  .extend('url', ({ ownDatabase }) => ownDatabase.connectionString)
  .extend('office', async ({ url }, { onCleanup }) => {
    const app = await openSchool(url);
    onCleanup(() => app.close());
    return app;
  })
  .extend('web', async ({ url, office }, { onCleanup }) => {
    // One migrates, and then the other.
    await office.ready();
    const app = await openSchool(url);
    onCleanup(() => app.close());
    return app;
  });

test('a full course has as many students as seats, and the others wait', async ({ office, web }) => {
  await office.execute(plan.command({ courseId: 'maths', seats: 5 }));
  const results = await Promise.all(
    Array.from({ length: 16 }, (_, index) =>
      [office, web][index % 2]!.execute(enrol.command({ courseId: 'maths', studentId: `s-${index}` })),
    ),
  );
  const events = results.flatMap((result) => (result.outcome === 'accepted' ? result.events : []));
  const seated = events.filter(({ type }) => type === 'course.subscribed');
  expect(seated).toHaveLength(5);
  expect(events).toHaveLength(16);

  const studentId = seated[0]!.data.studentId;
  const left = await web.execute(leave.command({ courseId: 'maths', studentId }));
  const atLeast = latestToken([left.token, ...results.map(({ token }) => token)]);
  const waiting = await office.query(waitingList, { atLeast }).orderBy('since').execute();
  const [next, ...others] = events
    .filter(({ type }) => type === 'course.put-on-waiting-list')
    .toSorted((one, other) => one.position - other.position)
    .map(({ data }) => data.studentId);
  expect(left).toMatchObject({ events: [{ data: { studentId } }, { data: { studentId: next } }] });
  expect(waiting.map((row) => row.student_id)).toEqual(others);
});

test('a student who enrols everywhere at once takes three courses', async ({ office, web }) => {
  const courses = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const courseId of courses) await office.execute(plan.command({ courseId, seats: 5 }));
  const results = await Promise.all(
    courses.map((courseId, index) =>
      [office, web][index % 2]!.execute(enrol.command({ courseId, studentId: 'eager' })),
    ),
  );
  expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(MOST_COURSES);
});
