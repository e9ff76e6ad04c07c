import { describe, expect, test } from 'vitest';
import { RowCache } from './row-cache.ts';
import type { FoldedRow } from './folded-row.ts';

const row = (id: string): FoldedRow => ({
  id,
  key: { id },
  encodedKey: [id],
  row: null,
  batch: undefined,
  stored: false,
});

/** Batches of one row each. */
function useOneByOne(known: RowCache, ids: readonly string[]) {
  for (const id of ids) {
    if (known.get(id) === undefined) known.add(row(id));
    known.endBatch([], 1);
  }
}

describe('cached rows', () => {
  test('are the most recently used ones, and no more than the limit', () => {
    const known = new RowCache(4);
    useOneByOne(known, ['often', 'a', 'often', 'b', 'often', 'c', 'often', 'd', 'often', 'e']);
    expect(known.get('often')).toBeDefined();
    expect(known.get('e')).toBeDefined();
    expect(known.get('a')).toBeUndefined();
    expect(
      ['often', 'a', 'b', 'c', 'd', 'e'].filter((id) => known.get(id) !== undefined).length,
    ).toBeLessThanOrEqual(4);
  });

  test('are kept within a batch, and until the next batch has ended', () => {
    for (const limit of [0, 2]) {
      const known = new RowCache(limit);
      const ids = Array.from({ length: 10 }, (_, n) => String(n));
      for (const id of ids) known.add(row(id));
      expect(ids.every((id) => known.get(id) !== undefined)).toBe(true);
      known.endBatch([], 1);
      known.add(row('next'));
      expect(ids.every((id) => known.get(id) !== undefined)).toBe(true);
    }
  });

  test('are bounded by their memory as well', () => {
    const known = new RowCache(1_000);
    for (const id of ['a', 'b', 'c', 'd']) {
      known.add(row(id));
      known.endBatch([], 8 * 1024 * 1024);
    }
    expect(['a', 'b', 'c', 'd'].map((id) => known.get(id) !== undefined)).toEqual([
      false,
      false,
      false,
      true,
    ]);
  });

  test('of a batch that takes much memory are kept until it has been written', () => {
    const known = new RowCache(1_000);
    known.add(row('large'));
    known.add(row('used again'));
    known.endBatch([], 17 * 1024 * 1024);
    expect(known.get('used again')).toBeDefined();
    known.written();
    expect(['large', 'used again'].map((id) => known.get(id) !== undefined)).toEqual([false, true]);
  });

  test('are none after a clear', () => {
    const known = new RowCache(10);
    useOneByOne(known, ['a', 'b']);
    known.clear();
    expect(known.get('a')).toBeUndefined();
  });
});
