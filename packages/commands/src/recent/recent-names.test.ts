import { expect, test } from 'vitest';
import { RecentNames } from './recent-names.ts';

test('a name is known from when it was added until it is deleted', () => {
  const names = new RecentNames();
  names.add('a');
  names.add('b');
  names.delete('a');
  expect(['a', 'b', 'c'].map((name) => names.has(name))).toEqual([false, true, false]);
});

test('of many names, those that were added last are known', () => {
  const names = new RecentNames();
  names.add('again');
  for (let name = 0; name < 999; name += 1) names.add(`${name}`);
  names.add('again');
  names.add('last');
  const known = ['0', '1', '998', 'again', 'last'].map((name) => names.has(name));
  expect(known).toEqual([false, true, true, true, true]);
});
