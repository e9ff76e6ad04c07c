import { expectTypeOf, test } from 'vitest';
import type { AppendCondition, AppendOptions, EventQuery, TaggedQuery } from './event-store.ts';

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
  // @ts-expect-error a query without tags would exclude whatever is appended
  const none: TaggedQuery = { tags: [] };
  // @ts-expect-error nor does a query of types alone say what the decision rests on
  const untagged: AppendCondition = { failIfMatch: { types: ['course.subscribed'] } };
  // @ts-expect-error conditions do not ask for a category
  const category: AppendCondition = { failIfMatch: { tags: ['course:c1'], category: 'course' } };
  // @ts-expect-error a position alone says nothing about what must not be behind it
  const nothing: AppendCondition = { after: 7 };
  expectTypeOf([none, untagged, category, nothing]).not.toBeNever();
});

test('a query for a condition is one for a read as well', () => {
  expectTypeOf<TaggedQuery>().toExtend<EventQuery>();
});
