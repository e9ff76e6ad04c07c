import { expectTypeOf, test } from 'vitest';
import type { AppendOptions } from './event-store.ts';
import type { AppendCondition, EventQuery, TaggedQuery } from './query.ts';

test('a condition is one query or several, each with a tag at least', () => {
  const options: AppendOptions = {
    expectedVersion: 'any',
    condition: { failIfMatch: { tags: ['course:c1'], types: ['course.subscribed'] }, after: 7 },
  };
  expectTypeOf(options.condition).toEqualTypeOf<AppendCondition | undefined>();
  const students: readonly string[] = ['ada', 'bob'];
  const several: AppendCondition = {
    failIfMatch: students.map((student) => ({ tags: [`student:${student}`] })),
  };
  expectTypeOf(several.failIfMatch).toExtend<TaggedQuery | readonly TaggedQuery[]>();
  // @ts-expect-error a query of a condition needs a tag
  const none: TaggedQuery = { tags: [] };
  // @ts-expect-error types alone are not enough
  const untagged: AppendCondition = { failIfMatch: { types: ['course.subscribed'] } };
  // @ts-expect-error a condition cannot select by category
  const category: AppendCondition = { failIfMatch: { tags: ['course:c1'], category: 'course' } };
  // @ts-expect-error a condition needs a query, not only a position
  const nothing: AppendCondition = { after: 7 };
  expectTypeOf([none, untagged, category, nothing]).not.toBeNever();
});

test('a query of a condition is valid in a read as well', () => {
  expectTypeOf<TaggedQuery>().toExtend<EventQuery>();
});
