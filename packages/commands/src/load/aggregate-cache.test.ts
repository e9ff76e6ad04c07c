import { InvalidArgumentError } from '@leftfold/core';
import { expect, test } from 'vitest';
import { AggregateCache } from './aggregate-cache.ts';

const at = (streamVersion: number, asOf = 0) => ({
  state: {},
  streamVersion,
  position: streamVersion,
  eventId: `event-${streamVersion}`,
  snapshotVersion: 0,
  era: 0,
  asOf,
});

test('an older state never replaces a newer one', () => {
  const cache = new AggregateCache(10);
  cache.put('a', at(5, 7));
  cache.put('a', at(4, 9));
  expect(cache.get('a')).toEqual(at(5, 7));
  cache.put('a', at(5, 8));
  expect(cache.get('a')).toEqual(at(5, 8));
  cache.put('a', at(6, 1));
  expect(cache.get('a')).toEqual(at(6, 1));
});

test('beyond its limit the cache drops the least recently used state', () => {
  const cache = new AggregateCache(2);
  cache.put('a', at(1));
  cache.put('b', at(1));
  cache.put('a', at(2));
  cache.put('c', at(1));
  expect(['a', 'b', 'c'].map((streamId) => cache.get(streamId) !== undefined)).toEqual([true, false, true]);
});

test('a limit of 0 keeps nothing; a negative one is refused', () => {
  const cache = new AggregateCache(0);
  cache.put('a', at(1));
  expect(cache.get('a')).toBeUndefined();
  expect(() => new AggregateCache(-1)).toThrow(InvalidArgumentError);
});

test('beyond its size the cache drops states as well, and keeps none that is larger than it', () => {
  const cache = new AggregateCache(10, 1_000_000);
  const sized = (streamVersion: number, characters: number) => ({
    ...at(streamVersion),
    state: { text: 'x'.repeat(characters) },
  });
  cache.put('a', sized(1, 200_000));
  cache.put('b', sized(1, 200_000));
  cache.put('c', sized(1, 200_000));
  const cached = () => ['a', 'b', 'c', 'd'].filter((streamId) => cache.get(streamId) !== undefined);
  expect(cached()).toEqual(['b', 'c']);
  cache.put('d', sized(1, 600_000));
  expect(cached()).toEqual([]);
  for (let version = 1; version <= 40; version += 1) cache.put('a', sized(version, version * 20_000));
  expect(cached()).toEqual([]);
});
