import { describe, expect, test } from 'vitest';
import { BatchSize } from './batch-size.ts';

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
    size.applied(1, 5_000);
    expect(size.current).toBe(1);
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
