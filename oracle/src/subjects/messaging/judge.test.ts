import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import type { Recorded } from './recorded.ts';

const at = (position: number, key = 'a') => ({ position, id: `e${position}`, key });
const facts = [at(1), at(2, 'b'), at(3), at(4)];

const textsOf = (more: Partial<Recorded>) =>
  judge({ facts, effects: facts, blocked: [], stopped: [], ...more }).map(
    ({ kind, text }) => `${kind}: ${text}`,
  );

describe('effects', () => {
  test('of each event, in the order of each key, are no violation', () => {
    expect(textsOf({})).toEqual([]);
    expect(textsOf({ effects: [at(1), at(3), at(4), at(2, 'b')] })).toEqual([]);
  });

  test('that are missing are told by key', () => {
    expect(textsOf({ effects: [at(1), at(2, 'b')] })).toEqual([
      'loss: key a: 2 of 3 events have no effect, the first one at 3',
    ]);
    expect(textsOf({ effects: [at(1), at(3), at(4)] })).toEqual([
      'loss: key b: 1 of 1 events have no effect, the first one at 2',
    ]);
  });

  test('that are repeated are no disorder', () => {
    expect(textsOf({ effects: [...facts, at(1), at(3)] })).toEqual([
      'duplicate: key a: 2 effects are repeated, the first one that of 1',
    ]);
  });

  test('that came before an earlier one are told', () => {
    expect(textsOf({ effects: [at(1), at(2, 'b'), at(4), at(3)] })).toEqual([
      'order: key a: the effect of 3 came after that of a later event',
    ]);
  });

  test('of what the log has not are told', () => {
    const other = { position: 4, id: 'other', key: 'a' };
    expect(textsOf({ effects: [...facts, other, at(9, 'c')] })).toEqual([
      'stranger: key a: an effect of other at 4, which the log has not',
      'stranger: key c: an effect of e9 at 9, which the log has not',
    ]);
  });
});

test('what is set aside or stopped in the end is told', () => {
  const blocked = [{ by: 'billing', key: 'a', reason: 'gap' }];
  expect(textsOf({ blocked, stopped: ['slice 0: refused'] })).toEqual([
    'parked: billing, key a: is set aside: gap',
    'stopped: the relay is stopped, slice 0: refused',
  ]);
});
