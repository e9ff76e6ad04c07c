import type { EventQuery } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import { expect, test } from 'vitest';
import { Place, RequestOrder } from './request-order.ts';

interface Part {
  readonly streams?: readonly string[];
  readonly writes?: readonly string[];
  /** Types of its events. */
  readonly types?: readonly string[];
  readonly queries?: readonly (string | EventQuery)[];
}

function requestOf({ streams = [], writes = [], types = [], queries = [] }: Part): AppendRequest {
  return {
    streams: streams.map((streamId) => ({ streamId, expectedVersion: 'any', events: [] })),
    commandId: undefined,
    condition:
      queries.length === 0
        ? undefined
        : {
            after: 0,
            queries: queries.map((query) => (typeof query === 'string' ? { tags: [query] } : query)),
          },
    era: undefined,
    tags: new Set(writes),
    types: new Set(types),
    eventCount: 1,
    size: 0,
    memory: 0,
  };
}

/** Requests by name, in their order: which are free at first, and which each one that leaves releases. */
function ordered(parts: Readonly<Record<string, Part>>) {
  const order = new RequestOrder();
  const names = Object.keys(parts);
  const places = names.map((name, index) => new Place(index, requestOf(parts[name]!)));
  const free = names.filter((_, index) => order.enter(places[index]!));
  const leave = (name: string) =>
    order.leave(places[names.indexOf(name)]!).map(({ number }) => names[number]!);
  return { free, leave };
}

test('requests for one stream leave in the order in which they entered', () => {
  const { free, leave } = ordered({
    a: { streams: ['x'] },
    b: { streams: ['x'] },
    c: { streams: ['x'] },
    d: { streams: ['y'] },
  });
  expect(free).toEqual(['a', 'd']);
  expect(leave('d')).toEqual([]);
  expect(leave('a')).toEqual(['b']);
  expect(leave('b')).toEqual(['c']);
});

test('a request for several streams waits for the last one of each, and holds back later ones', () => {
  const { free, leave } = ordered({
    a: { streams: ['x'] },
    b: { streams: ['y'] },
    c: { streams: ['x', 'y'] },
    d: { streams: ['y'] },
  });
  expect(free).toEqual(['a', 'b']);
  expect(leave('b')).toEqual([]);
  expect(leave('a')).toEqual(['c']);
  expect(leave('c')).toEqual(['d']);
});

test('writers of a tag share it; a condition that queries it waits for all, and later ones for it', () => {
  const { free, leave } = ordered({
    a: { writes: ['t'] },
    b: { writes: ['t'] },
    query: { queries: ['t'] },
    c: { writes: ['t'] },
    d: { writes: ['t'] },
    again: { queries: ['t'] },
  });
  expect(free).toEqual(['a', 'b']);
  expect(leave('b')).toEqual([]);
  expect(leave('a')).toEqual(['query']);
  expect(leave('query')).toEqual(['c', 'd']);
  expect(leave('c')).toEqual([]);
  expect(leave('d')).toEqual(['again']);
});

test('a query without tags excludes the writers of its types, with tags or none', () => {
  const { free, leave } = ordered({
    a: { types: ['x'], writes: ['t'] },
    other: { types: ['y'] },
    query: { queries: [{ types: ['x'] }], types: ['y'] },
    b: { types: ['x'] },
    tagged: { queries: [{ tags: ['t'], types: ['x'] }] },
  });
  expect(free).toEqual(['a', 'other']);
  expect(leave('a')).toEqual(['query', 'tagged']);
  expect(leave('query')).toEqual(['b']);
});

test('a query without tags and types excludes every request with events', () => {
  const { free, leave } = ordered({
    a: { types: ['x'] },
    check: { streams: ['s'] },
    query: { queries: ['t', { category: 'parcel' }] },
    b: { types: ['y'] },
    every: { queries: [{}], types: ['x'] },
    c: { types: ['x'] },
  });
  expect(free).toEqual(['a', 'check']);
  expect(leave('a')).toEqual(['query']);
  expect(leave('query')).toEqual(['b']);
  expect(leave('b')).toEqual(['every']);
  expect(leave('every')).toEqual(['c']);
});

test('a request that writes what it queries excludes others, and not itself', () => {
  const { free, leave } = ordered({
    a: { writes: ['t'], types: ['x'], queries: ['t', 't', { types: ['x', 'x'] }, {}] },
    b: { writes: ['t'], types: ['x'], queries: ['t'] },
  });
  expect(free).toEqual(['a']);
  expect(leave('a')).toEqual(['b']);
});

test('a request that comes when all before it have left is free', () => {
  const order = new RequestOrder();
  const parts = [
    { writes: ['t'] },
    { queries: ['t'] },
    { writes: ['t'] },
    { streams: ['x'] },
    { streams: ['x'] },
  ];
  for (const [number, part] of parts.entries()) {
    const place = new Place(number, requestOf(part));
    expect(order.enter(place)).toBe(true);
    expect(order.leave(place)).toEqual([]);
  }
});

test('a request costs the same however many wait for another one', () => {
  const order = new RequestOrder();
  let looks = 0;
  for (let number = 0; number < 20_000; number += 1) {
    const request = requestOf({ streams: ['x'] });
    const counted = {
      ...request,
      get streams() {
        looks += 1;
        return request.streams;
      },
    };
    order.enter(new Place(number, counted));
  }
  looks = 0;
  const place = new Place(20_000, requestOf({ streams: ['y'] }));
  expect(order.enter(place)).toBe(true);
  expect(order.leave(place)).toEqual([]);
  expect(looks).toBe(0);
});
