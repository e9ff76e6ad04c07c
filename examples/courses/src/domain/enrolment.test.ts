import { given } from '@leftfold/testing';
import { test } from 'vitest';
import { courseEvents } from './course-events.ts';
import { enrol, leave, plan } from './enrolment.ts';

const { planned, resized, subscribed, unsubscribed, 'put-on-waiting-list': waiting } = courseEvents.create;
const small = planned({ courseId: 'maths', seats: 1 });
const ada = { courseId: 'maths', studentId: 'ada' };
const bob = { courseId: 'maths', studentId: 'bob' };

test('a course is planned once', () => {
  given(plan, [small])
    .when(plan.command({ courseId: 'maths', seats: 9 }))
    .thenRejected('already-planned');
});

test('a student gets a seat while there is one, and then a place on the waiting list', () => {
  given(enrol, [small])
    .when(enrol.command(ada))
    .then([subscribed(ada)]);
  given(enrol, [small, subscribed(ada)])
    .when(enrol.command(bob))
    .then([waiting(bob)]);
  given(enrol, [small, subscribed(ada), resized({ courseId: 'maths', seats: 2 })])
    .when(enrol.command(bob))
    .then([subscribed(bob)]);
});

test('a student takes three courses at most, and each of them once', () => {
  const three = ['art', 'music', 'law'].map((courseId) => subscribed({ courseId, studentId: 'ada' }));
  given(enrol, [small, ...three])
    .when(enrol.command(ada))
    .thenRejected('too-many-courses', { most: 3 });
  given(enrol, [small, subscribed(ada)])
    .when(enrol.command(ada))
    .thenRejected('enrolled-before');
  given(enrol).when(enrol.command(ada)).thenRejected('no-such-course');
});

test('a seat that is given up goes to the first who waits', () => {
  const eve = { courseId: 'maths', studentId: 'eve' };
  given(leave, [small, subscribed(ada), waiting(bob), waiting(eve)])
    .when(leave.command(ada))
    .then([unsubscribed(ada), subscribed(bob)])
    .thenState({ waiting: ['eve'], courses: [] });
  given(leave, [small, subscribed(ada)])
    .when(leave.command(ada))
    .then([unsubscribed(ada)]);
  given(leave, [small]).when(leave.command(ada)).thenRejected('not-enrolled');
});
