import { expect, test } from 'vitest';
import { fromKeptState, toKeptState } from './snapshot-state.ts';

test('a plain JSON state is restored exactly, with key order and NUL', () => {
  const state = { z: 1, a: [null, { deep: 'nul \u0000, half a pair \ud800' }], '': true };
  const stored: unknown = JSON.parse(JSON.stringify(toKeptState(state)));
  const kept = fromKeptState(stored);
  expect(kept).toEqual({ state });
  expect(JSON.stringify(kept?.state)).toBe(JSON.stringify(state));
});

class Money {
  readonly cents = 1;
}

test.each([
  ['a Date', { at: new Date(0) }],
  ['a Map', { bySku: new Map([['tea', 1]]) }],
  ['a Set', new Set([1])],
  ['undefined', { note: undefined }],
  ['a class instance', { price: new Money() }],
  ['NaN', { cents: Number.NaN }],
  ['minus zero', { cents: -0 }],
  ['a bigint', { cents: 1n }],
  ['a function', { next: () => {} }],
  ['nothing at all', undefined],
])('a state with %s is not kept, for JSON would change it', (_name, state) => {
  expect(toKeptState(state)).toBeUndefined();
});

test.each([null, 7, 'text', {}, { json: '{}', sha256: '' }, { json: 7, sha256: 7 }])(
  '%j is not taken for a state',
  (kept) => {
    expect(fromKeptState(kept)).toBeUndefined();
  },
);
