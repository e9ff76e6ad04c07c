import type { RecordedEvent } from '@leftfold/core';
import { expect, test } from 'vitest';
import { partsOf } from './page-parts.ts';

/** A page up to position 9 with as many events at each position, from 1. Tells which positions were read. */
function pageOf(counts: readonly number[], read: number[] = []) {
  return {
    position: 9,
    *[Symbol.iterator]() {
      for (const [index, count] of counts.entries()) {
        read.push(index + 1);
        for (let n = 0; n < count; n += 1) yield { position: index + 1 } as RecordedEvent;
      }
    },
  };
}

const shape = (counts: readonly number[], most: number) =>
  [...partsOf(pageOf(counts), most)].map(({ events, position }) => [events.length, position]);

test('a page of which each stored event is read as one is one part', () => {
  expect(shape([1, 1, 1], 3)).toEqual([[3, 9]]);
  expect(shape([], 3)).toEqual([[0, 9]]);
});

test('a page whose stored events are read as many is divided between positions', () => {
  expect(shape([5, 5, 1, 1, 2], 3)).toEqual([
    [5, 1],
    [5, 2],
    [4, 9],
  ]);
});

test('the events of a part are made when it is asked for', () => {
  const read: number[] = [];
  const parts = partsOf(pageOf([3, 3, 3], read), 3);
  parts.next();
  expect(read).toEqual([1, 2]);
});
