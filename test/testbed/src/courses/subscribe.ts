import { defineDecision, reject } from '@leftfold/core';
import { z } from 'zod';
import { attendance, courseEvents, load, seats } from './course.ts';

const MOST_COURSES = 3;

/** A course has seats, and a student a limit of courses. */
export const subscribe = defineDecision({
  name: 'subscribe',
  input: z.object({ courseId: z.string(), studentId: z.string() }),
  events: [courseEvents],
  reads: ({ courseId, studentId }) => ({
    course: seats.for({ course: courseId }),
    courses: load.for({ student: studentId }),
    attends: attendance.for({ course: courseId, student: studentId }),
  }),
  rejections: ['no-such-course', 'course-full', 'too-many-courses', 'already-subscribed'],
  decide: ({ course, courses, attends }, subscription, emit) => {
    if (!course.planned) return reject('no-such-course');
    if (attends) return reject('already-subscribed');
    if (course.free === 0) return reject('course-full');
    if (courses >= MOST_COURSES) return reject('too-many-courses');
    return emit.course.subscribed(subscription);
  },
});

export const plan = defineDecision({
  name: 'plan',
  input: z.object({ courseId: z.string(), seats: z.int().positive() }),
  events: [courseEvents],
  reads: ({ courseId }) => ({ course: seats.for({ course: courseId }) }),
  rejections: ['already-planned'],
  decide: ({ course }, planned, emit) =>
    course.planned ? reject('already-planned') : emit.course.planned(planned),
});
