import { expect, test } from 'vitest';
import { assertQueries } from './assert-query.ts';

test('of a list that is too long nothing is read but its length', () => {
  const list = new Proxy(new Array<object>(4_000_000_000), {
    get: (queries, name) => {
      if (name === 'length') return queries.length;
      throw new Error('read');
    },
  });
  expect(() => assertQueries('filter', list)).toThrow('filter has 4000000000 queries, the limit is 64');
});
