import { defineDecision, reject } from '@leftfold/core';
import { courseEvents, place, seats } from './course-events.ts';
import { coursesOf, seatsOf, waitingListOf } from './folds.ts';

/** Most courses of one student. */
export const MOST_COURSES = 3;

const events = [courseEvents] as const;

export const plan = defineDecision({
  name: 'plan',
  input: place.pick({ courseId: true }).extend({ seats }),
  events,
  reads: ({ courseId }) => ({ course: seatsOf.for({ course: courseId }) }),
  rejections: ['already-planned'],
  decide: ({ course }, input, emit) =>
    course.seats > 0 ? reject('already-planned') : emit.course.planned(input),
});

/** Takes a seat, or a place on the waiting list when there is none. */
export const enrol = defineDecision({
  name: 'enrol',
  input: place,
  events,
  reads: ({ courseId, studentId }) => ({
    course: seatsOf.for({ course: courseId }),
    waiting: waitingListOf.for({ course: courseId }),
    courses: coursesOf.for({ student: studentId }),
  }),
  rejections: ['no-such-course', 'enrolled-before', 'too-many-courses'],
  decide: ({ course, waiting, courses }, input, emit) => {
    if (course.seats === 0) return reject('no-such-course');
    if (courses.includes(input.courseId) || waiting.includes(input.studentId))
      return reject('enrolled-before');
    if (courses.length >= MOST_COURSES) return reject('too-many-courses', { most: MOST_COURSES });
    return course.taken < course.seats
      ? emit.course.subscribed(input)
      : emit.course['put-on-waiting-list'](input);
  },
});

/** Gives up a seat. The first student who waits gets it. */
export const leave = defineDecision({
  name: 'leave',
  input: place,
  events,
  reads: ({ courseId, studentId }) => ({
    waiting: waitingListOf.for({ course: courseId }),
    courses: coursesOf.for({ student: studentId }),
  }),
  rejections: ['not-enrolled'],
  decide: ({ waiting: [next], courses }, input, emit) => {
    if (!courses.includes(input.courseId)) return reject('not-enrolled');
    const left = emit.course.unsubscribed(input);
    return next === undefined ? left : [left, emit.course.subscribed({ ...input, studentId: next })];
  },
});
