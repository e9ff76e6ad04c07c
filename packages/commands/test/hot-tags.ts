import { defineDecision, defineFold } from '@leftfold/core';
import { courseEvents } from '@leftfold/testbed/courses';
import { z } from 'zod';

/** How many were announced in a course: every mark counts, so no two decisions on one course can miss each other. */
const marks = defineFold({
  events: [courseEvents],
  initialState: 0,
  evolve: { 'course.subscribed': (count) => count + 1 },
});

/** Appends one event with the tags of all courses, named after how many each course has. */
export const mark = defineDecision({
  name: 'mark',
  input: z.object({ courses: z.array(z.string()) }),
  events: [courseEvents],
  reads: ({ courses }) => ({ counts: courses.map((course) => marks.for({ course })) }),
  decide: ({ counts }, { courses: [courseId = '', ...others] }, emit) =>
    emit.course.subscribed(
      { courseId, studentId: counts.join('-') },
      { tags: others.map((course) => `course:${course}`) },
    ),
});
