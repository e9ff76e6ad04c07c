import { expect, test } from 'vitest';
import { EventLoopLoad } from './event-loop-load.ts';

test('an event loop is busy while it is at work for most of the time', () => {
  const time = { active: 0, idle: 0 };
  const load = new EventLoopLoad(() => ({ ...time }));
  const isBusyAfter = (active: number, idle: number) => {
    time.active += active;
    time.idle += idle;
    return load.isBusy;
  };
  expect(isBusyAfter(2, 2)).toBe(false);
  expect(isBusyAfter(16, 0)).toBe(true);
  // Too short a time says nothing, and is looked at with what follows.
  expect(isBusyAfter(0, 9)).toBe(true);
  expect(isBusyAfter(13, 1)).toBe(false);
});
