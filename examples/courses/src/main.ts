import { startPostgres } from '@leftfold/embedded';
import { latestToken } from 'leftfold';
import { enrol, leave, plan } from './domain/enrolment.ts';
import { openSchool } from './open-school.ts';
import { waitingList } from './read/waiting-list.ts';

const print = (line: string) => process.stdout.write(`${line}\n`);

const given = process.env['DATABASE_URL'];
await using server = given === undefined ? await startPostgres() : undefined;
const databaseUrl = given ?? server?.connectionString;
// As two processes have it: they share nothing but the database.
await using office = await openSchool(databaseUrl);
await using web = await openSchool(databaseUrl);

const courseId = `maths-${Date.now().toString(36)}`;
await office.execute(plan.command({ courseId, seats: 10 }));
print('30 students enrol at the same time for 10 seats, in two apps');
const results = await Promise.all(
  Array.from({ length: 30 }, (_, index) =>
    [office, web][index % 2]!.execute(enrol.command({ courseId, studentId: `student-${index + 1}` })),
  ),
);
const events = results.flatMap((result) => (result.outcome === 'accepted' ? result.events : []));
const seated = events.filter(({ type }) => type === 'course.subscribed');
print(`${seated.length} have a seat, ${events.length - seated.length} wait`);

const [first] = seated;
const left = await web.execute(leave.command({ courseId, studentId: first?.data.studentId ?? '' }));
const next = left.outcome === 'accepted' ? left.events.at(-1)?.data.studentId : undefined;
print(`${first?.data.studentId} leaves, and ${next} gets the seat`);

const atLeast = latestToken([left.token, ...results.map(({ token }) => token)]);
const waiting = await office
  .query(waitingList, { atLeast })
  .where('course_id', '=', courseId)
  .orderBy('since')
  .execute();
print(`${waiting.length} wait: ${waiting.map(({ student_id: student }) => student).join(', ')}`);
