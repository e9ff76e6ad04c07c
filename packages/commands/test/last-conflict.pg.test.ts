import { account } from '@leftfold/testbed/bank';
import { courseEvents, plan, subscribe } from '@leftfold/testbed/courses';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { openBank, test } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

test('a command that loses all its attempts says how many, how long, and to which stream', async ({
  store,
  bank,
}) => {
  const watched = new WatchedStore(store);
  watched.beforeAppend = async () => {
    await bank.execute(account.command.deposit('lost', { cents: 1 }));
  };
  const lost = openBank(watched).execute(account.command.deposit('lost', { cents: 1 }), {
    retry: { attempts: 3 },
  });
  expect(await failureOf(lost)).toMatchObject({
    code: 'STREAM_VERSION_CONFLICT',
    streamId: 'account-lost',
    tried: {
      attempts: 3,
      elapsedMs: expect.toSatisfy((ms: number) => ms > 0 && ms < 60_000),
      contended: { kind: 'stream', name: 'account-lost', conflicts: 3 },
    },
    message: expect.stringMatching(
      /; 3 attempts in \d+ ms were made, 3 of which met new events of stream "account-lost"; execute/,
    ),
  });
});

test('a decision that loses all its attempts says to which tag it lost most of them', async ({
  store,
  bank,
}) => {
  await bank.execute(plan.command({ courseId: 'busy', seats: 9 }));
  const watched = new WatchedStore(store);
  delete watched.lockForAppend;
  let count = 0;
  watched.beforeAppend = async () => {
    count += 1;
    // At last an event of the student's, in another course.
    const courseId = count === 3 ? 'other' : 'busy';
    const studentId = count === 3 ? 'eager' : `rival-${count}`;
    await store.append(`course-${courseId}`, [courseEvents.create.subscribed({ courseId, studentId })]);
  };
  const lost = openBank(watched).execute(subscribe.command({ courseId: 'busy', studentId: 'eager' }), {
    retry: { attempts: 3 },
  });
  expect(await failureOf(lost)).toMatchObject({
    code: 'APPEND_CONDITION_FAILED',
    tags: ['student:eager'],
    roles: ['courses'],
    tried: { attempts: 3, contended: { kind: 'tag', name: 'course:busy', conflicts: 2 } },
    message: expect.stringContaining('2 of which met new events of tag "course:busy"'),
  });
});
