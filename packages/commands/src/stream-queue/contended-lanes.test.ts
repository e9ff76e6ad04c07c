import { expect, test } from 'vitest';
import { ContendedLanes } from './contended-lanes.ts';

test('a lane is contended from when it was added until it is removed', () => {
  const contended = new ContendedLanes();
  contended.add(['a', 'b']);
  expect([contended.hasAny(['c', 'b']), contended.hasAny(['c'])]).toEqual([true, false]);
  contended.remove(['b', 'c']);
  expect([contended.hasAny(['b']), contended.hasAny(['a'])]).toEqual([false, true]);
});

test('of many lanes, those that were added last are known', () => {
  const contended = new ContendedLanes();
  contended.add(['again']);
  for (let lane = 0; lane < 999; lane += 1) contended.add([`${lane}`]);
  contended.add(['again', 'last']);
  expect(['0', '1', '998', 'again', 'last'].map((lane) => contended.hasAny([lane]))).toEqual([
    false,
    true,
    true,
    true,
    true,
  ]);
});
