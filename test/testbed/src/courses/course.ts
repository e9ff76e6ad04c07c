import { defineEvents, defineFold, tagged } from '@leftfold/core';
import { z } from 'zod';

const course = z.object({ courseId: z.string().min(1) });
const subscription = course.extend({ studentId: z.string().min(1) });

export const courseEvents = defineEvents('course', {
  planned: tagged(course.extend({ seats: z.int().positive() }), ({ courseId }) => ({ course: courseId })),
  subscribed: tagged(subscription, ({ courseId, studentId }) => ({ student: studentId, course: courseId })),
  unsubscribed: tagged(subscription, ({ courseId, studentId }) => ({ student: studentId, course: courseId })),
  announced: z.object({ text: z.string() }),
});

/** The seats of a course. */
export const seats = defineFold({
  events: [courseEvents],
  initialState: { planned: false, free: 0 },
  evolve: {
    'course.planned': (_state, data) => ({ planned: true, free: data.seats }),
    'course.subscribed': (state) => ({ ...state, free: state.free - 1 }),
    'course.unsubscribed': (state) => ({ ...state, free: state.free + 1 }),
  },
});

/** How many courses a student takes. */
export const load = defineFold({
  events: [courseEvents],
  initialState: 0,
  evolve: {
    'course.subscribed': (courses) => courses + 1,
    'course.unsubscribed': (courses) => courses - 1,
  },
});

/** Whether one student takes one course. */
export const attendance = defineFold({
  events: [courseEvents],
  initialState: false,
  evolve: { 'course.subscribed': () => true, 'course.unsubscribed': () => false },
});
