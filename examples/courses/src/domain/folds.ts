import { defineFold } from '@leftfold/core';
import { courseEvents } from './course-events.ts';

const events = [courseEvents] as const;

/** The seats of a course. */
export const seatsOf = defineFold({
  events,
  initialState: { seats: 0, taken: 0 },
  evolve: {
    'course.planned': (state, { seats }) => ({ ...state, seats }),
    'course.resized': (state, { seats }) => ({ ...state, seats }),
    'course.subscribed': (state) => ({ ...state, taken: state.taken + 1 }),
    'course.unsubscribed': (state) => ({ ...state, taken: state.taken - 1 }),
  },
});

/** The students who wait for a seat, the first one first. */
export const waitingListOf = defineFold({
  events,
  initialState: [] as string[],
  evolve: {
    'course.put-on-waiting-list': (waiting, { studentId }) => [...waiting, studentId],
    'course.subscribed': (waiting, { studentId }) => waiting.filter((other) => other !== studentId),
  },
});

/** The courses that a student takes. */
export const coursesOf = defineFold({
  events,
  initialState: [] as string[],
  evolve: {
    'course.subscribed': (courses, { courseId }) => [...courses, courseId],
    'course.unsubscribed': (courses, { courseId }) => courses.filter((other) => other !== courseId),
  },
});
