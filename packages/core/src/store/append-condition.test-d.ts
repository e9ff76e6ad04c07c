import { expectTypeOf, test } from 'vitest';
import type { AppendCondition, AppendOptions, EventQuery } from './event-store.ts';

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
  expectTypeOf(several.failIfMatch).toExtend<EventQuery | readonly EventQuery[]>();
  // @ts-expect-error a query without tags would exclude whatever is appended
  const none: EventQuery = { tags: [] };
  // @ts-expect-error a position alone says nothing about what must not be behind it
  const nothing: AppendCondition = { after: 7 };
  expectTypeOf([none, nothing]).not.toBeNever();
});
