import { AssertionError } from 'node:assert';
import { defineDecision, defineEvents } from '@leftfold/core';
import { account, deposited, opened, openFor, transfer, withdrawn } from '@leftfold/testbed/bank';
import { courseEvents, seats, subscribe } from '@leftfold/testbed/courses';
import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { inStream } from './given-events.ts';
import { given } from './given.ts';

const ada = [inStream('account-a', opened, deposited(500)), inStream('account-b', opened)];
const fiveCents = transfer.command({ from: 'a', to: 'b', cents: 5 });

describe('a decision over several aggregates', () => {
  test('passes when exactly these events were decided on, in the streams that are given', () => {
    const outcome = given(transfer, ada).when(fiveCents);
    outcome
      .then([inStream('account-a', withdrawn(5)), inStream('account-b', deposited(5))])
      .thenState({ from: { open: true, cents: 495 }, to: { open: true, cents: 5 } });
    outcome.then([withdrawn(5), deposited(5)]);
    expect(() =>
      outcome.then([inStream('account-b', withdrawn(5)), inStream('account-a', deposited(5))]),
    ).toThrow(AssertionError);
    expect(() => outcome.then([withdrawn(5)])).toThrow('transfer decided on other events');
  });

  test('reads of the history what belongs to its aggregates', () => {
    given(openFor, [...ada, inStream('account-c', opened, deposited(9))])
      .when(openFor.command({ guarantor: 'c', fresh: 'd', owner: 'Ada' }))
      .then([inStream('account-d', opened)])
      .thenState({ guarantor: { open: true, cents: 9 }, fresh: { open: true, cents: 0 } });
    expect.assertions(0);
  });

  test('needs a stream for an event that could belong to several', () => {
    expect(() => given(transfer, [opened]).when(fiveCents)).toThrow(
      `history has event "account.opened" without a stream, and several aggregates that it could belong to; give it one: inStream('account-a', event)`,
    );
  });

  test('that is rejected does not change the states', () => {
    given(transfer)
      .when(fiveCents)
      .thenRejected('insufficient-funds')
      .thenState({ from: { open: false, cents: 0 }, to: { open: false, cents: 0 } });
    expect(() => given(transfer).when(fiveCents).thenNothing()).toThrow(
      'transfer was rejected: insufficient-funds',
    );
  });

  test('with events where none were expected fails', () => {
    expect(() => given(transfer, ada).when(fiveCents).thenNothing()).toThrow('transfer decided on events');
    expect(() => given(transfer, ada).when(fiveCents).thenRejected('insufficient-funds')).toThrow(
      'transfer was not rejected: it decided on account.withdrawn, account.deposited',
    );
  });

  test('refuses one aggregate in two roles, as in executing the command', () => {
    expect(() => given(transfer, ada).when(transfer.command({ from: 'a', to: 'a', cents: 5 }))).toThrow(
      expect.objectContaining({ code: 'INVALID_COMMAND', command: 'transfer' }),
    );
  });
});

describe('a decision over tagged events', () => {
  const { planned, subscribed, unsubscribed, announced } = courseEvents.create;
  const one = { courseId: 'c1', studentId: 's1' };
  const other = { courseId: 'c1', studentId: 's2' };
  const small = planned({ courseId: 'c1', seats: 1 });

  test('reads the events that have the tags, and no others', () => {
    given(subscribe, [small, planned({ courseId: 'c2', seats: 9 }), announced({ text: '' })])
      .when(subscribe.command(one))
      .then([inStream('course-c1', subscribed(one))])
      .thenState({ course: { planned: true, free: 0 }, courses: 1, attends: true });
    given(subscribe, [small, subscribed(other)])
      .when(subscribe.command(one))
      .thenRejected('course-full');
    given(subscribe, [small, subscribed(other), unsubscribed(other)])
      .when(subscribe.command(one))
      .then([subscribed(one)]);
    const elsewhere = ['c2', 'c3', 'c4'].map((courseId) => subscribed({ courseId, studentId: 's1' }));
    given(subscribe, [small, ...elsewhere])
      .when(subscribe.command(one))
      .thenRejected('too-many-courses');
    expect.assertions(0);
  });

  test('finds events by tags that they were given by hand', () => {
    const byHand = { ...subscribed(other), tags: ['student:s1'] };
    const outcome = given(subscribe, [small, byHand]).when(subscribe.command({ ...one, courseId: 'c1' }));
    expect(outcome.state).toEqual({ course: { planned: true, free: 0 }, courses: 1, attends: true });
  });

  test('may read aggregates and lists of folds beside', () => {
    const enrol = defineDecision({
      name: 'enrol',
      input: z.object({ courseIds: z.array(z.string()), payer: z.string() }),
      events: [courseEvents],
      reads: ({ courseIds, payer }) => ({
        courses: courseIds.map((courseId) => seats.for({ course: courseId })),
        payer: account.at(payer),
      }),
      decide: ({ courses }, { courseIds }, emit) => [
        emit.payer.withdrawn({ cents: courses.length }),
        ...courseIds.map((courseId) => emit.course.subscribed({ courseId, studentId: 's1' })),
      ],
    });
    given(enrol, [small, opened, deposited(5)])
      .when(enrol.command({ courseIds: ['c1', 'c2'], payer: 'a' }))
      .then([
        inStream('account-a', withdrawn(2)),
        inStream('course-c1', subscribed(one)),
        inStream('course-c2', subscribed({ courseId: 'c2', studentId: 's1' })),
      ])
      .thenState({
        courses: [
          { planned: true, free: 0 },
          { planned: false, free: -1 },
        ],
        payer: { open: true, cents: 3 },
      });
    expect.assertions(0);
  });

  test('refuses a history of events that it does not know, or with other data', () => {
    const placed = defineEvents('order', { placed: z.object({}) }).create.placed({});
    expect(() => given(subscribe, [placed]).when(subscribe.command(one))).toThrow(
      'event type "order.placed" is none of decision "subscribe"',
    );
    const lost = { ...small, data: { courseId: 'c1' } };
    expect(() => given(subscribe, [lost]).when(subscribe.command(one))).toThrow(
      expect.objectContaining({ code: 'INVALID_EVENT' }),
    );
  });
});
