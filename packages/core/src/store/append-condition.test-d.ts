import { expectTypeOf, test } from 'vitest';
import type { AppendOptions } from './event-store.ts';
import type { AppendCondition, ConditionQueries } from './query.ts';

test('a condition is one query or several, each with any of the parts', () => {
  const options: AppendOptions = {
    expectedVersion: 'any',
    condition: { failIfMatch: { tags: ['course:c1'], types: ['course.subscribed'] }, after: 7 },
  };
  expectTypeOf(options.condition).toEqualTypeOf<AppendCondition | undefined>();
  const students: readonly string[] = ['ada', 'bob'];
  const several: AppendCondition = {
    failIfMatch: students.map((student) => ({ tags: [`student:${student}`] })),
  };
  expectTypeOf(several.failIfMatch).toEqualTypeOf<ConditionQueries>();
  const others: AppendCondition = {
    failIfMatch: [{ types: ['course.subscribed'], after: 3 }, { category: 'course' }, {}],
  };
  // @ts-expect-error a condition needs a query, not only a position
  const nothing: AppendCondition = { after: 7 };
  // @ts-expect-error a query has no such part
  const misspelt: AppendCondition = { failIfMatch: { tag: ['course:c1'] } };
  expectTypeOf([others, nothing, misspelt]).not.toBeNever();
});
