import { expect, test } from 'vitest';
import { ProgressMeter } from './progress.ts';

test('progress has the speed since the beginning, and the time that is left at it', () => {
  let now = 5_000;
  const meter = new ProgressMeter(() => now, 100);
  expect(meter.at(100, 600)).toEqual({
    done: 100,
    total: 600,
    perSecond: undefined,
    secondsLeft: undefined,
  });
  now = 7_000;
  expect(meter.at(200, 600)).toEqual({ done: 200, total: 600, perSecond: 50, secondsLeft: 8 });
  now = 9_000;
  expect(meter.at(700, 600)).toMatchObject({ perSecond: 150, secondsLeft: 0 });
});

test('what was done before the first look is not counted into the speed', () => {
  let now = 0;
  const meter = new ProgressMeter(() => now);
  expect(meter.at(1_000, 2_000).perSecond).toBeUndefined();
  now = 1_000;
  expect(meter.at(1_010, 2_000)).toMatchObject({ perSecond: 10, secondsLeft: 99 });
});
