import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Fact, Recorded, StoredRow, StoredSlice } from './recorded.ts';

const added = (position: number, item = 'item-1', amount = position * 10): Fact => ({
  position,
  id: `e${position}`,
  streamId: item,
  type: 'item.added',
  data: { amount, group: 'group-1', poison: null },
});
const counted = (position: number, source: string): Fact => ({
  position,
  id: `e${position}`,
  streamId: 'tally-group-1',
  type: 'tally.counted',
  data: { source },
});
const facts = [added(1), added(2, 'item-2'), added(3), counted(4, 'e1'), counted(5, 'e2'), counted(6, 'e3')];

const slice = (name: string, position: number, more: Partial<StoredSlice> = {}): StoredSlice => ({
  name,
  version: 1,
  slice: 0,
  slices: 1,
  changing: false,
  position,
  inline: false,
  owner: null,
  failure: null,
  ...more,
});
const row = (id: string, count: number, sum: number, chain: number): StoredRow => ({ id, count, sum, chain });
const effect = (key: string, position: number) => ({ reaction: 'notices', key, position });
const inOrder = [effect('item-1', 1), effect('item-2', 2), effect('item-1', 3)];

const recorded = (more: Partial<Recorded> = {}): Recorded => ({
  facts,
  slices: [],
  parked: [],
  givenUp: [],
  effects: inOrder,
  tables: new Map(),
  ...more,
});
const table = (name: string, position: number, ...rows: readonly StoredRow[]) => ({
  slices: [slice(name, position)],
  tables: new Map([[`${name} 1`, rows]]),
});
const textsOf = (more: Partial<Recorded>, acknowledged: readonly string[] = []) =>
  judge(recorded(more), acknowledged).map(({ kind, text }) => `${kind}: ${text}`);

const replayed = [row('item-1', 2, 40, 340), row('item-2', 1, 20, 20)];

describe('a read model', () => {
  test('that is the replay of its events is right, up to its checkpoint', () => {
    expect(textsOf(table('cards', 6, ...replayed), ['e1', 'e3'])).toEqual([]);
    expect(textsOf(table('cards', 2, row('item-1', 1, 10, 10), row('item-2', 1, 20, 20)))).toEqual([]);
    const grouped = row('group-1', 3, 60, 10_260);
    expect(textsOf(table('pairs', 6, ...replayed, grouped))).toEqual([]);
  });

  test.each([
    ['applied an event twice', [row('item-1', 3, 70, 10_570), replayed[1]!], '3 events, sum 70, chain 10570'],
    ['lost an event', [row('item-1', 1, 30, 30), replayed[1]!], '1 events, sum 30, chain 30'],
    [
      'applied two in the wrong order',
      [row('item-1', 2, 40, 940), replayed[1]!],
      '2 events, sum 40, chain 940',
    ],
    ['lost a row', [replayed[1]!], 'no row'],
  ])('that %s is reported with its key', (_, rows, found) => {
    expect(textsOf(table('cards', 6, ...rows))).toEqual([
      `row: cards 1, key item-1: expected 2 events, sum 40, chain 340, found ${found}; its last event is at position 3`,
    ]);
  });

  test('is without the events that were given up, for their key and version alone', () => {
    const givenUp = [{ name: 'cards', version: 1, key: 'item-1', positions: [1] }];
    expect(textsOf({ ...table('cards', 6, row('item-1', 1, 30, 30), replayed[1]!), givenUp })).toEqual([]);
    const other = givenUp.map((one) => ({ ...one, version: 2 }));
    expect(textsOf({ ...table('cards', 6, ...replayed), givenUp: other })).toEqual([]);
    const wrong = givenUp.map((one) => ({ ...one, key: 'item-2' }));
    expect(textsOf({ ...table('cards', 6, ...replayed), givenUp: wrong })).toEqual([
      'parking: cards, key item-2: gave up position 1, where it has no event',
    ]);
  });
});

describe('effects', () => {
  test('may be repeated, at any time', () => {
    expect(textsOf({ effects: [...inOrder, effect('item-1', 1)] })).toEqual([]);
  });

  test('that overtake one of their key, or are missing, are reported', () => {
    const overtaken = [effect('item-1', 3), effect('item-1', 1), effect('item-2', 2)];
    expect(textsOf({ effects: overtaken })).toEqual([
      'effect: notices, key item-1: the effect of position 3 came before that of 1',
    ]);
    expect(textsOf({ effects: inOrder.slice(0, 2) })).toEqual([
      'effect: notices, key item-1: expected 2 effects, 1 are missing, the first one at position 3',
    ]);
  });

  test('need not be there for events that were given up', () => {
    const givenUp = [{ name: 'notices', version: 1, key: 'item-1', positions: [1] }];
    expect(textsOf({ effects: inOrder.slice(1), givenUp })).toEqual([]);
  });
});

test('a command that was executed twice, or not at all, is reported', () => {
  expect(textsOf({ facts: [...facts, counted(7, 'e3')] })).toEqual([
    'command: tallies, key group-1: expected 3 commands, found 4, 1 repeated; command 4 is of event e3, not none',
  ]);
  expect(textsOf({ facts: facts.slice(0, -1) })).toEqual([
    'command: tallies, key group-1: expected 3 commands, found 2, 0 repeated; command 3 is of event none, not e3',
  ]);
});

test('an event that was acknowledged and is not in the log is reported', () => {
  expect(textsOf({}, ['gone'])).toEqual(['append: event gone: was acknowledged, and is not in the log']);
});
