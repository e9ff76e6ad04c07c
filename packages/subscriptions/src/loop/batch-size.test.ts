import { describe, expect, test } from 'vitest';
import { BatchSize } from './batch-size.ts';

/** The sizes of 100 full batches, each of which takes a time by itself and a time for each of its events. */
function sizesOf(size: BatchSize, { batchMs = 0, eachMs }: { batchMs?: number; eachMs: number }): number[] {
  return Array.from({ length: 100 }, () => {
    const { current } = size;
    size.applied(current, batchMs + current * eachMs);
    return current;
  });
}

describe('a batch’s size', () => {
  test('grows while full batches are fast, up to its limit', () => {
    const size = new BatchSize(1_000);
    const sizes = Array.from({ length: 6 }, () => {
      const { current } = size;
      size.applied(current, 10);
      return current;
    });
    expect(sizes).toEqual([200, 400, 800, 1_000, 1_000, 1_000]);
  });

  test('does not grow after batches that were not full, and shrinks when they are slow', () => {
    const size = new BatchSize(1_000);
    size.applied(3, 1);
    expect(size.current).toBe(200);
    size.applied(200, 1_000);
    expect(size.current).toBe(100);
    size.applied(100, 600);
    expect(size.current).toBe(50);
    // One event that takes longer than all of these waits for something else.
    size.applied(1, 1_500);
    expect(size.current).toBe(50);
  });

  test('shrinks to what takes a fifth of a second when events are slow', () => {
    const sizes = sizesOf(new BatchSize(5_000), { eachMs: 20 }).slice(10);
    expect(sizes.filter((size) => size !== 6)).toEqual(Array(9).fill(12));
  });

  test.each([120, 300, 1_500])('stays large when a batch of any size takes %i ms', (batchMs) => {
    const sizes = sizesOf(new BatchSize(5_000), { batchMs, eachMs: 1 });
    expect(Math.min(...sizes.slice(-30))).toBeGreaterThanOrEqual(Math.min(batchMs / 3, 100));
    expect(Math.max(...sizes)).toBeLessThanOrEqual(Math.max(200, batchMs));
  });

  test.each([120, 300, 1_500])('grows again after one event, when any batch takes %i ms', (batchMs) => {
    const size = new BatchSize(5_000);
    size.failed(64, 0);
    expect(Math.min(...sizesOf(size, { batchMs, eachMs: 1 }).slice(-30))).toBeGreaterThanOrEqual(
      Math.min(batchMs / 3, 100),
    );
  });

  test('grows again after a wait that had nothing to do with its events', () => {
    const size = new BatchSize(5_000);
    size.applied(1, 700);
    expect(size.current).toBe(1);
    expect(sizesOf(size, { batchMs: 300, eachMs: 1 }).at(-1)).toBeGreaterThanOrEqual(100);
  });

  test('tries two slow events together once in nine batches, and never very slow ones', () => {
    const tried = (eachMs: number) =>
      sizesOf(new BatchSize(5_000), { eachMs })
        .slice(10)
        .filter((events) => events > 1);
    expect(tried(1_000)).toEqual(Array(9).fill(2));
    expect(tried(2_500)).toEqual([]);
  });

  test('shrinks until the event at which a batch fails is alone', () => {
    const size = new BatchSize(64);
    const poison = 37;
    let first = 0;
    let attempts = 0;
    for (;;) {
      attempts += 1;
      const events = Math.min(size.current, 64 - first);
      const fails = first <= poison && poison < first + events;
      if (!fails) {
        first += events;
        size.applied(events, 1);
      } else if (!size.failed(events, undefined)) break;
    }
    expect(first).toBe(poison);
    expect(attempts).toBeLessThan(30);
  });

  test('is the number of events before the failing one when that is known, then one', () => {
    const size = new BatchSize(64);
    expect(size.failed(64, 37)).toBe(true);
    expect(size.current).toBe(37);
    expect(size.failed(64, 0)).toBe(true);
    expect(size.current).toBe(1);
    expect(size.failed(1, 0)).toBe(false);
  });
});
