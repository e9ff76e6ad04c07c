import { defineDecision, defineFold, reject } from '@leftfold/core';
import { account } from '@leftfold/testbed/bank';
import { courseEvents } from '@leftfold/testbed/courses';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { createBarrier } from '@leftfold/testbed/waiting';
import { untilBlocked } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { z } from 'zod';
import { createCommandExecutor } from '../src/index.ts';
import { test as bankTest } from './bank-test.ts';
import { WatchedStore } from './watched-store.ts';

const test = bankTest.extend(
  'begin',
  ({ appUrl }) =>
    () =>
      beginTransaction(appUrl),
);

const taken = defineFold({
  events: [courseEvents],
  initialState: 0,
  evolve: { 'course.subscribed': (count) => count + 1 },
});
const left = defineFold({
  events: [courseEvents],
  initialState: 0,
  evolve: { 'course.unsubscribed': (count) => count + 1 },
});
const lastNews = defineFold({
  events: [courseEvents],
  initialState: '',
  last: true,
  evolve: { 'course.announced': (_state, { text }) => text },
});

/** Each of the rivals writes to a stream of its own: nothing but what they read keeps them apart. */
const input = z.object({ rival: z.string() });
const common = { input, events: [courseEvents], rejections: ['taken'] } as const;

const takeOne = defineDecision({
  ...common,
  name: 'take-one',
  reads: () => ({ place: taken.for({ student: 'one' }) }),
  decide: ({ place }, { rival: courseId }, emit) =>
    place > 0 ? reject('taken') : emit.course.subscribed({ courseId, studentId: 'one' }),
});
const takeBoth = defineDecision({
  ...common,
  name: 'take-both',
  reads: () => ({ places: [taken.for({ student: 'left' }), taken.for({ student: 'right' })] }),
  decide: ({ places }, { rival: courseId }, emit) =>
    places.some((count) => count > 0)
      ? reject('taken')
      : ['left', 'right'].map((studentId) => emit.course.subscribed({ courseId, studentId })),
});
const takeAndPay = defineDecision({
  ...common,
  name: 'take-and-pay',
  reads: ({ rival }) => ({ place: taken.for({ student: 'paid' }), payer: account.at(rival) }),
  decide: ({ place }, { rival: courseId }, emit) =>
    place > 0
      ? reject('taken')
      : [emit.payer.withdrawn({ cents: 1 }), emit.course.subscribed({ courseId, studentId: 'paid' })],
});
const leaveFirst = defineDecision({
  ...common,
  name: 'leave-first',
  reads: () => ({ all: left.all() }),
  decide: ({ all }, { rival: courseId }, emit) =>
    all > 0 ? reject('taken') : emit.course.unsubscribed({ courseId, studentId: courseId }),
});
const announceNext = defineDecision({
  ...common,
  name: 'announce-next',
  reads: () => ({ news: lastNews.all() }),
  decide: ({ news }, _input, emit) =>
    news === '' ? emit.course.announced({ text: 'first' }) : reject('taken'),
});

const { subscribed, unsubscribed, announced } = courseEvents.create;
const held = { courseId: 'held' };

test.for([
  ['a fold over a tag', takeOne, 'place', subscribed({ ...held, studentId: 'one' })],
  ['a list of folds', takeBoth, 'places', subscribed({ ...held, studentId: 'right' })],
  ['a fold beside an aggregate', takeAndPay, 'place', subscribed({ ...held, studentId: 'paid' })],
  ['a fold over types alone', leaveFirst, 'all', unsubscribed({ ...held, studentId: 'held' })],
  ['the last event of a type', announceNext, 'news', announced({ text: 'held' })],
] as const)(
  'of 16 decisions that race by %s, one is made',
  async ([, decision, role, event], { store, otherStore, begin }) => {
    guarantee('decisions-over-tags');
    await using holder = await begin();
    await store.append('course-held', [event], { transaction: holder.client });
    // All have decided before one of them appends, and then all wait for the open transaction.
    const allHaveDecided = createBarrier(16);
    const rivals = Array.from({ length: 16 }, (_, index) => {
      const watched = new WatchedStore(index % 2 === 0 ? store : otherStore);
      watched.beforeAppend = allHaveDecided;
      const executor = createCommandExecutor({
        store: watched,
        aggregates: [account],
        decisions: [decision],
      });
      return executor.execute(decision.command({ rival: `${decision.name}-${index}` }));
    });
    await untilBlocked(store.pool, { count: 2 });
    await holder.rollback();
    const results = await Promise.all(rivals);
    expect(results.filter(({ outcome }) => outcome === 'accepted')).toHaveLength(1);
    const conflicts = results.flatMap((result) => result.conflicts);
    expect(conflicts.length).toBeGreaterThan(0);
    for (const conflict of conflicts)
      expect(conflict).toMatchObject({ code: 'APPEND_CONDITION_FAILED', type: event.type, roles: [role] });
  },
);
