import { defineDecision, reject } from '@leftfold/core';
import { account } from '@leftfold/testbed/bank';
import { courseEvents, plan, seats, subscribe } from '@leftfold/testbed/courses';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { createBarrier } from '@leftfold/testbed/waiting';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { accepted, createCommandExecutor } from '../src/index.ts';
import { openBank, recordedOf, test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

/** Executors that share nothing but the database. Their first appends are sent together, after all have decided. */
const racingTest = bankTest.extend('racing', ({ store, otherStore }) => (count: number) => {
  const allHaveDecided = createBarrier(count);
  return Array.from({ length: count }, (_, index) => {
    const watched = new WatchedStore(index % 2 === 0 ? store : otherStore);
    watched.beforeAppend = allHaveDecided;
    return openBank(watched);
  });
});

const test = racingTest;

describe('of racing decisions', () => {
  test('one gets the last seat, and the others see that it is gone', async ({ bank, store, racing }) => {
    guarantee('decisions-over-tags');
    await bank.execute(plan.command({ courseId: 'last', seats: 1 }));
    const results = await Promise.all(
      racing(16).map((each, index) =>
        each.execute(subscribe.command({ courseId: 'last', studentId: `student-${index}` })),
      ),
    );
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    for (const result of results)
      if (result.outcome === 'rejected') expect(result.reason).toBe('course-full');
    expect(await recordedOf(store, 'course-last')).toHaveLength(2);
  });

  test('as many are accepted as a rule allows over events of different streams', async ({ bank, racing }) => {
    guarantee('decisions-over-tags');
    const courses = ['one', 'two', 'three', 'four', 'five'];
    for (const courseId of courses) await bank.execute(plan.command({ courseId, seats: 5 }));
    const results = await Promise.all(
      racing(5).map((each, index) =>
        each.execute(subscribe.command({ courseId: courses[index]!, studentId: 'eager' })),
      ),
    );
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(3);
    for (const result of results)
      if (result.outcome === 'rejected') expect(result.reason).toBe('too-many-courses');
  });
});

describe('a decision over tagged events', () => {
  test('reads the log once in a process, and then folds what it appends', async ({ bank, store }) => {
    await bank.execute(plan.command({ courseId: 'busy', seats: 50 }));
    const watched = new WatchedStore(store);
    const busy = openBank(watched);
    const once = plan.command({ courseId: 'busy', seats: 1 });
    expect(await busy.execute(once)).toMatchObject({ outcome: 'rejected', reason: 'already-planned' });
    const results = await Promise.all(
      Array.from({ length: 60 }, (_, index) =>
        busy.execute(subscribe.command({ courseId: 'busy', studentId: `s${index}` })),
      ),
    );
    expect(results.map(({ outcome }) => outcome)).toEqual([
      ...Array.from({ length: 50 }, () => 'accepted'),
      ...Array.from({ length: 10 }, () => 'rejected'),
    ]);
    expect(Math.max(...results.map(({ attempts }) => attempts))).toBe(1);
    expect(watched.count('append')).toBe(50);
  });

  test('reads again when another process was faster', async ({ bank, otherStore }) => {
    await bank.execute(plan.command({ courseId: 'shared', seats: 2 }));
    const other = openBank(otherStore);
    const of = (studentId: string) => subscribe.command({ courseId: 'shared', studentId });
    expect(await bank.execute(of('a'))).toMatchObject({ outcome: 'accepted' });
    expect(await other.execute(of('b'))).toMatchObject({ outcome: 'accepted' });
    expect(await bank.execute(of('c'))).toMatchObject({ outcome: 'rejected', reason: 'course-full' });
  });

  test('reads only what came in since, and all of it once the log has gone back', async ({ bank, store }) => {
    guarantee('decisions-over-tags');
    await bank.execute(plan.command({ courseId: 'tail', seats: 9 }));
    const watched = new WatchedStore(store);
    const reading = openBank(watched);
    const of = (studentId: string) => subscribe.command({ courseId: 'tail', studentId });
    const first = accepted(await reading.execute(of('a')));
    await bank.execute(of('b'));
    await reading.execute(of('a'));
    expect(watched.decisionsFrom).toEqual([0, first.events[0]!.position]);
    watched.eras += 1;
    expect(await reading.execute(of('a'))).toMatchObject({
      outcome: 'rejected',
      reason: 'already-subscribed',
    });
    expect(watched.decisionsFrom.at(-1)).toBe(0);
  });

  test('has its events in the stream of their tag, with its metadata', async ({ bank, store }) => {
    await bank.execute(plan.command({ courseId: 'named', seats: 2 }));
    const result = accepted(
      await bank.execute(subscribe.command({ courseId: 'named', studentId: 's' }), {
        commandId: 'enrol-1',
        metadata: { actor: 'ada' },
      }),
    );
    expect(result.streamVersions).toEqual({});
    expect(await recordedOf(store, 'course-named')).toMatchObject([
      { type: 'course.planned' },
      {
        type: 'course.subscribed',
        id: 'enrol-1:1',
        tags: ['student:s', 'course:named'],
        metadata: { actor: 'ada', command: 'subscribe' },
      },
    ]);
  });

  test('is executed once for each command id', async ({ bank, otherStore }) => {
    guarantee('commands-take-effect-once');
    await bank.execute(plan.command({ courseId: 'repeated', seats: 1 }));
    const command = subscribe.command({ courseId: 'repeated', studentId: 's' });
    const first = accepted(await bank.execute(command, { commandId: 'enrol-2' }));
    for (const each of [bank, openBank(otherStore)]) {
      const again = accepted(await each.execute(command, { commandId: 'enrol-2' }));
      expect(again).toMatchObject({ duplicate: true, token: first.token, events: first.events });
    }
    const another = subscribe.command({ courseId: 'repeated', studentId: 'other' });
    await expect(bank.execute(another, { commandId: 'enrol-2' })).rejects.toMatchObject({
      code: 'COMMAND_ID_REUSED',
    });
  });

  test('that is rejected has the token of what it was decided on', async ({ bank }) => {
    const planned = await bank.execute(plan.command({ courseId: 'tokened', seats: 1 }));
    const rejected = await bank.execute(plan.command({ courseId: 'tokened', seats: 1 }));
    expect(rejected).toMatchObject({ outcome: 'rejected', token: planned.token });
  });

  test('gives up after its attempts, with the condition that failed', async ({ bank, store, otherStore }) => {
    guarantee('conflicts-named');
    await bank.execute(plan.command({ courseId: 'contended', seats: 9 }));
    const other = openBank(otherStore);
    const watched = new WatchedStore(store);
    delete watched.lockForAppend;
    let students = 0;
    watched.beforeAppend = async () => {
      students += 1;
      await other.execute(subscribe.command({ courseId: 'contended', studentId: `fast-${students}` }));
    };
    const slow = subscribe.command({ courseId: 'contended', studentId: 'slow' });
    const failed = await failureOf(openBank(watched).execute(slow, { retry: { attempts: 2 } }));
    expect(failed).toMatchObject({
      code: 'APPEND_CONDITION_FAILED',
      position: (await recordedOf(store, 'course-contended')).at(-1)?.position,
      type: 'course.subscribed',
      streamId: 'course-contended',
      queries: [0],
      roles: ['course'],
    });
    expect(students).toBe(2);
  });

  test.for([
    ['of another student', { courseId: 'retried', studentId: 'other' }, ['course']],
    ['to another course', { courseId: 'elsewhere', studentId: 'slow' }, ['courses']],
    ['of the same student', { courseId: 'retried', studentId: 'slow' }, ['course', 'courses', 'attends']],
  ] as const)(
    'that is decided again names the role and the event: a subscription %s',
    async ([name, faster, roles], { bank, store, otherStore }) => {
      guarantee('conflicts-named');
      const own = { courseId: `retried ${name}`, studentId: `slow ${name}` };
      const other = { courseId: `${faster.courseId} ${name}`, studentId: `${faster.studentId} ${name}` };
      for (const courseId of new Set([own.courseId, other.courseId]))
        await bank.execute(plan.command({ courseId, seats: 9 }));
      const watched = new WatchedStore(store);
      watched.beforeAppend = async () => {
        watched.beforeAppend = async () => {};
        accepted(await openBank(otherStore).execute(subscribe.command(other)));
      };
      const { attempts, conflicts } = await openBank(watched).execute(subscribe.command(own));
      expect({ attempts, conflicts }).toMatchObject({
        attempts: 2,
        conflicts: [
          {
            code: 'APPEND_CONDITION_FAILED',
            type: 'course.subscribed',
            streamId: `course-${other.courseId}`,
            position: (await recordedOf(store, `course-${other.courseId}`))[1]?.position,
            roles,
          },
        ],
      });
    },
  );
});

describe('a decision over tags and an aggregate', () => {
  const buy = defineDecision({
    name: 'buy',
    input: z.object({ courseIds: z.array(z.string()), payer: z.string() }),
    events: [courseEvents],
    reads: ({ courseIds, payer }) => ({
      courses: courseIds.map((courseId) => seats.for({ course: courseId })),
      payer: account.at(payer),
    }),
    decide: ({ courses, payer }, { courseIds, payer: studentId }, emit) => {
      if (courses.some(({ free }) => free === 0)) return reject('course-full');
      if (payer.cents < courses.length) return reject('insufficient-funds');
      return [
        emit.payer.withdrawn({ cents: courses.length }),
        ...courseIds.map((courseId) => emit.course.subscribed({ courseId, studentId })),
      ];
    },
  });
  const test = racingTest.extend('shop', ({ store }) => {
    const watched = new WatchedStore(store);
    const shop = createCommandExecutor({
      store: watched,
      aggregates: [account],
      decisions: [buy, plan, subscribe],
    });
    return { ...shop, watched };
  });

  test('writes to all of their streams, or to none', async ({ shop, store }) => {
    await shop.execute(plan.command({ courseId: 'buy-1', seats: 1 }));
    await shop.execute(plan.command({ courseId: 'buy-2', seats: 1 }));
    await shop.execute(account.command.deposit('rich', { cents: 9 }));
    const command = buy.command({ courseIds: ['buy-1', 'buy-2'], payer: 'rich' });
    const bought = accepted(await shop.execute(command));
    expect(bought.events.map(({ streamId }) => streamId)).toEqual([
      'account-rich',
      'course-buy-1',
      'course-buy-2',
    ]);
    expect(bought.streamVersions).toEqual({ payer: 2 });
    expect(await shop.execute(command)).toMatchObject({ outcome: 'rejected', reason: 'course-full' });
    expect(await recordedOf(store, 'account-rich')).toHaveLength(2);
  });

  test('is not made when the aggregate changes in between', async ({ shop, bank }) => {
    await shop.execute(plan.command({ courseId: 'buy-3', seats: 1 }));
    await shop.execute(account.command.deposit('poor', { cents: 1 }));
    shop.watched.beforeAppend = async () => {
      shop.watched.beforeAppend = async () => {};
      await bank.execute(account.command.withdraw('poor', { cents: 1 }));
    };
    const result = await shop.execute(buy.command({ courseIds: ['buy-3'], payer: 'poor' }));
    expect(result).toMatchObject({ outcome: 'rejected', reason: 'insufficient-funds' });
  });

  test('is rejected only on states of one moment', async ({ shop, bank }) => {
    guarantee('decisions-over-tags');
    await shop.execute(plan.command({ courseId: 'buy-4', seats: 1 }));
    await shop.execute(account.command.open('late', { owner: 'Ada' }));
    // Decided on an empty account; when the states are checked, it is not empty any more.
    shop.watched.beforeAppend = async () => {
      shop.watched.beforeAppend = async () => {};
      await bank.execute(account.command.deposit('late', { cents: 1 }));
    };
    const result = await shop.execute(buy.command({ courseIds: ['buy-4'], payer: 'late' }));
    expect(result).toMatchObject({
      outcome: 'accepted',
      attempts: 2,
      conflicts: [{ code: 'STREAM_VERSION_CONFLICT', streamId: 'account-late', actual: 2 }],
    });
  });

  test('takes expected versions by the role of the aggregate', async ({ shop }) => {
    await shop.execute(plan.command({ courseId: 'buy-5', seats: 1 }));
    await shop.execute(account.command.deposit('versioned', { cents: 1 }));
    const command = buy.command({ courseIds: ['buy-5'], payer: 'versioned' });
    await expect(shop.execute(command, { expectedVersion: { payer: 7 } })).rejects.toMatchObject({
      code: 'STREAM_VERSION_CONFLICT',
    });
    await expect(shop.execute(command, { expectedVersion: { payer: 1 } })).resolves.toMatchObject({
      outcome: 'accepted',
    });
  });
});

test('the log has the events of a decision in the order of the first one of each stream', async ({
  store,
}) => {
  const giveTo = defineDecision({
    name: 'give-to',
    input: z.object({ ids: z.array(z.string()), courseId: z.string() }),
    events: [courseEvents],
    reads: ({ ids: [one, other, unread] }) => ({
      unread: account.at(unread!),
      one: account.at(one!),
      other: account.at(other!),
    }),
    decide: (_, { courseId }, emit) => [
      emit.course.planned({ courseId, seats: 1 }),
      emit.other.opened({ owner: 'Ada' }),
      emit.one.opened({ owner: 'Grace' }),
      emit.other.deposited({ cents: 1 }),
    ],
  });
  const executor = createCommandExecutor({ store, aggregates: [account], decisions: [giveTo] });
  const give = () =>
    executor.execute(giveTo.command({ ids: ['gift-1', 'gift-2', 'gift-3'], courseId: 'gift' }), {
      commandId: 'gifts',
    });
  const { events } = accepted(await give());
  expect(events.map(({ streamId, type }) => `${streamId} ${type}`)).toEqual([
    'course-gift course.planned',
    'account-gift-2 account.opened',
    'account-gift-2 account.deposited',
    'account-gift-1 account.opened',
  ]);
  expect(events.map(({ position }) => position)).toEqual(
    events.map(({ position }) => position).toSorted((one, other) => one - other),
  );
  // What it has cached of each account is its own.
  accepted(await executor.execute(account.command.deposit('gift-1', { cents: 5 })));
  expect((await recordedOf(store, 'account-gift-1')).map(({ streamVersion }) => streamVersion)).toEqual([
    1, 2,
  ]);
  expect(accepted(await give()).events.map(({ position }) => position)).toEqual(
    events.map(({ position }) => position),
  );
});
