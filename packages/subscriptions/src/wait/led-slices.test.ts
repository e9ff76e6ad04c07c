import { expect, test } from 'vitest';
import { LedSlices } from './led-slices.ts';

const ref = { name: 'balances', version: 1 };

test('the position of a subscription is that of its slice that is behind, once all are led', () => {
  const led = new LedSlices();
  const set = (slice: number, position: number) => led.set({ ...ref, slice, slices: 3 }, position);
  expect(led.positionOf(ref)).toBeUndefined();
  set(0, 5);
  set(1, 7);
  expect(led.positionOf(ref)).toBeUndefined();
  set(2, 5);
  expect(led.positionOf(ref)).toBe(5);
  set(0, 9);
  expect(led.positionOf(ref)).toBe(5);
  set(2, 8);
  expect(led.positionOf(ref)).toBe(7);
  // A new term begins where the checkpoint is, which can be before.
  set(0, 2);
  expect(led.positionOf(ref)).toBe(2);
  led.delete({ ...ref, slice: 0 });
  expect(led.positionOf(ref)).toBeUndefined();
  set(0, 6);
  expect(led.positionOf(ref)).toBe(6);
  led.delete({ ...ref, slice: 0 });
  led.delete({ ...ref, slice: 1 });
  led.delete({ ...ref, slice: 2 });
  led.set({ ...ref, slice: 0, slices: 1 }, 3);
  expect(led.positionOf(ref)).toBe(3);
});
