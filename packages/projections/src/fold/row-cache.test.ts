import { describe, expect, test } from 'vitest';
import { RowCache } from './row-cache.ts';

describe('a row cache', () => {
  test('keeps what was used last, and never more than its limit', () => {
    const cache = new RowCache<number>(4);
    for (let n = 0; n < 10; n += 1) {
      cache.set(String(n), n);
      expect(cache.get('0'), 'used all the time').toBe(0);
    }
    const kept = Array.from({ length: 10 }, (_, n) => cache.get(String(n))).filter(
      (value) => value !== undefined,
    );
    expect(kept.length).toBeLessThanOrEqual(4);
    expect(cache.get('9')).toBe(9);
    expect(cache.get('1')).toBeUndefined();
  });

  test('hands out the newest value, also of one that is about to be forgotten', () => {
    const cache = new RowCache<number>(4);
    cache.set('a', 1);
    cache.set('b', 1);
    cache.set('c', 1); // a and b are older now
    cache.set('a', 2);
    expect(cache.get('a')).toBe(2);
  });

  test('with a limit of 0 keeps nothing, and nothing once it is cleared', () => {
    const none = new RowCache<number>(0);
    none.set('a', 1);
    expect(none.get('a')).toBeUndefined();
    const cache = new RowCache<number>(10);
    cache.set('a', 1);
    cache.clear();
    expect(cache.get('a')).toBeUndefined();
  });
});
