import { expect, test } from 'vitest';
import { EventLoopRests } from './event-loop-rests.ts';

/** An event loop whose time the test lets pass. */
function loopOf(others: { areAtWork: boolean } = { areAtWork: true }) {
  const time = { active: 0, idle: 0 };
  const rests = new EventLoopRests(
    () => others.areAtWork,
    () => ({ ...time }),
  );
  return {
    /** @returns the rest that follows, in milliseconds */
    after: ({ active, idle }: { active: number; idle: number }, remaining = 1_000_000) => {
      time.active += active;
      time.idle += idle;
      return rests.restMs(remaining);
    },
  };
}

test('work that waits for the database more than it computes does not rest', () => {
  expect(loopOf().after({ active: 50, idle: 50 })).toBe(0);
});

test('work rests until the event loop was idle for two fifths of the time', () => {
  expect(loopOf().after({ active: 60, idle: 0 })).toBe(40);
});

test('work does not rest while the process has no other', () => {
  const others = { areAtWork: false };
  const loop = loopOf(others);
  expect(loop.after({ active: 60, idle: 0 })).toBe(0);
  others.areAtWork = true;
  expect(loop.after({ active: 60, idle: 0 })).toBe(40);
});

test('other work counts that was seen between two parts which are put together', () => {
  const others = { areAtWork: true };
  const loop = loopOf(others);
  expect(loop.after({ active: 6, idle: 0 })).toBe(0);
  others.areAtWork = false;
  expect(loop.after({ active: 6, idle: 0 })).toBe(8);
});

test('a rest in which the event loop had other work is followed by another one', () => {
  const loop = loopOf();
  expect(loop.after({ active: 60, idle: 0 })).toBe(40);
  expect(loop.after({ active: 90, idle: 10 })).toBe(50);
});

test('a rest is no longer than two thirds of the time before it, however busy the event loop is', () => {
  const loop = loopOf();
  for (let round = 0; round < 5; round += 1) expect(loop.after({ active: 1_000, idle: 0 })).toBe(667);
});

test('short work is put together with the next one', () => {
  const loop = loopOf();
  expect(loop.after({ active: 6, idle: 0 })).toBe(0);
  expect(loop.after({ active: 6, idle: 0 })).toBe(8);
});

test('work near the end of the log does not rest', () => {
  const loop = loopOf();
  expect(loop.after({ active: 60, idle: 0 }, 10_000)).toBe(0);
  // Nor does it make up for that later.
  expect(loop.after({ active: 60, idle: 0 }, 10_001)).toBe(40);
});

test('a rest is no longer than two thirds of ten seconds', () => {
  expect(loopOf().after({ active: 600_000, idle: 0 })).toBe(6_667);
});
