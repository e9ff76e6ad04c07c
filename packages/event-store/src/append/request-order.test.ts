import type { EventQuery } from '@leftfold/core';
import type { AppendRequest } from '@leftfold/core/append';
import { describe, expect, test } from 'vitest';
import { Place } from './place.ts';
import { RequestOrder } from './request-order.ts';

const written = {
  id: 'e',
  schemaVersion: 1,
  dataJson: '{}',
  read: { schemaVersion: 1, data: {} },
  metadata: {},
  metadataJson: '{}',
};

interface Part {
  readonly streams?: readonly string[];
  readonly writes?: readonly string[];
  /** Types of its events. */
  readonly types?: readonly string[];
  readonly queries?: readonly (string | EventQuery)[];
}

function requestOf(
  { streams = [], writes = [], types = writes.length > 0 ? ['written'] : [], queries = [] }: Part,
  number = 0,
): AppendRequest {
  // Without streams of its own, it writes to one that no other one has.
  const [streamId = `own-${number}`, ...others] = streams;
  const events = types.map((type) => ({ ...written, type, tags: writes }));
  return {
    streams: [
      { streamId, expectedVersion: 'any', events },
      ...others.map((other) => ({ streamId: other, expectedVersion: 'any' as const, events: [] })),
    ],
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
    eventCount: events.length,
    size: 0,
    memory: 0,
  };
}

/**
 * Requests by name, in their order: which are free when they enter, and which each one that leaves releases. Those whose
 * names begin with "later" enter when they are told to.
 */
function ordered(parts: Readonly<Record<string, Part>>, maxTogether = 500) {
  const order = new RequestOrder(maxTogether);
  const names = Object.keys(parts);
  const places = names.map((name, index) => new Place(index, requestOf(parts[name]!, index)));
  const free: string[] = [];
  const placeOf = (name: string) => places[names.indexOf(name)]!;
  const enter = (...entering: readonly string[]) => {
    for (const name of entering) if (order.enter(placeOf(name))) free.push(name);
  };
  const send = (...sent: readonly string[]) => sent.forEach((name) => order.send(placeOf(name)));
  const leave = (name: string) => {
    const released = order.leave(placeOf(name)).map(({ number }) => number);
    return released.toSorted((one, other) => one - other).map((number) => names[number]!);
  };
  enter(...names.filter((name) => !name.startsWith('later')));
  return { free, enter, send, leave };
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

describe('requests that query the same tag', () => {
  const definition = { tags: ['course'], types: ['defined'] };
  /** Each reads the definition of the course, and notes something about a student of its own. */
  const noting = (student: string): Part => ({
    queries: [definition],
    types: ['noted'],
    writes: [student],
  });

  test('go together when none of them writes what another one queries', () => {
    const { free } = ordered({ a: noting('s1'), b: noting('s2'), c: noting('s3') });
    expect(free).toEqual(['a', 'b', 'c']);
  });

  test('go together when the events that they write with it are of other types, tags or categories', () => {
    const { free } = ordered({
      type: { queries: [definition], types: ['noted'], writes: ['course'] },
      tags: { queries: [{ tags: ['course', 's1'] }], types: ['noted'], writes: ['course', 's2'] },
      category: { queries: [{ tags: ['course'], category: 'parcel' }] },
      writer: { types: ['noted'], writes: ['course', 's3'] },
    });
    expect(free).toEqual(['type', 'tags', 'category', 'writer']);
  });

  test('go one after another when one writes what another one queries', () => {
    const { free, leave } = ordered({
      a: noting('s1'),
      defining: { types: ['defined'], writes: ['course'] },
      b: noting('s2'),
      c: noting('s3'),
      querying: { queries: [{ tags: ['s3'] }] },
    });
    expect(free).toEqual(['a']);
    expect(leave('a')).toEqual(['defining']);
    expect(leave('defining')).toEqual(['b', 'c']);
    expect(leave('b')).toEqual([]);
    expect(leave('c')).toEqual(['querying']);
  });

  test('do not join one that was sent, whose locks they would wait for, and go together after it', () => {
    const { free, enter, send, leave } = ordered({
      a: noting('s1'),
      b: noting('s2'),
      later1: noting('s3'),
      later2: noting('s4'),
    });
    send('a');
    enter('later1', 'later2');
    expect(free).toEqual(['a', 'b']);
    expect(leave('a')).toEqual([]);
    expect(leave('b')).toEqual(['later1', 'later2']);
  });

  test('wait for those that were sent and write it, also where these write other types', () => {
    const { free, enter, send, leave } = ordered({
      writer: { types: ['noted'], writes: ['course'] },
      later1: noting('s1'),
      later2: { types: ['noted'], writes: ['course'] },
    });
    send('writer');
    enter('later1', 'later2');
    expect(free).toEqual(['writer']);
    expect(leave('writer')).toEqual(['later1', 'later2']);
  });
});

test('requests that cannot be sent together wait for those that query the same tag', () => {
  const { free, leave } = ordered({ a: { queries: ['t'] }, b: { queries: ['t'] } }, 1);
  expect(free).toEqual(['a']);
  expect(leave('a')).toEqual(['b']);
});

test('writers of a tag go on to share it after one was sent', () => {
  const { free, enter, send } = ordered({ a: { writes: ['t'] }, later: { writes: ['t'] } });
  send('a');
  enter('later');
  expect(free).toEqual(['a', 'later']);
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
    a: { streams: ['parcel-1'], types: ['x'] },
    check: { streams: ['s'] },
    query: { queries: ['t', { category: 'parcel' }] },
    b: { streams: ['parcel-2'], types: ['y'] },
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
  const order = new RequestOrder(500);
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
  const order = new RequestOrder(500);
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
