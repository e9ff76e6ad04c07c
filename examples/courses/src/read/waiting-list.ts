import { defineTableProjection } from '@leftfold/core';
import { courseEvents } from '../domain/course-events.ts';

/** The students who wait, with the position of the event that put them on the list: the lowest is the next one. */
export const waitingList = defineTableProjection({
  name: 'waiting_list',
  events: [courseEvents],
  columns: { course_id: 'text', student_id: 'text', since: 'bigint' },
  key: ({ data }) => ({
    course_id: data.courseId,
    student_id: 'studentId' in data ? data.studentId : '',
  }),
  initialRow: { since: 0 },
  evolve: {
    'course.put-on-waiting-list': (row, { position }) => ({ ...row, since: position }),
    'course.subscribed': () => null,
  },
  indexes: [['course_id', 'since']],
});
