import { expect, test } from 'vitest';
import { ContendedLanes } from './contended-lanes.ts';

test('a lane is contended from when it was added until it is removed', () => {
  const contended = new ContendedLanes();
  contended.add(['a', 'b']);
  expect([contended.hasAny(['c', 'b']), contended.hasAny(['c'])]).toEqual([true, false]);
  contended.remove(['b', 'c']);
  expect([contended.hasAny(['b']), contended.hasAny(['a'])]).toEqual([false, true]);
});
