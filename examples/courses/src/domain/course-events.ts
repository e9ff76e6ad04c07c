import { defineEvents, tagged } from '@leftfold/core';
import { z } from 'zod';

const course = z.object({ courseId: z.string().min(1) });
export const place = course.extend({ studentId: z.string().min(1) });
export const seats = z.int().positive();

type Place = z.output<typeof place>;
const tagsOf = ({ courseId, studentId }: Place) => ({ course: courseId, student: studentId });

export const courseEvents = defineEvents('course', {
  planned: tagged(course.extend({ seats }), ({ courseId }) => ({ course: courseId })),
  resized: tagged(course.extend({ seats }), ({ courseId }) => ({ course: courseId })),
  subscribed: tagged(place, tagsOf),
  unsubscribed: tagged(place, tagsOf),
  'put-on-waiting-list': tagged(place, tagsOf),
});
