import { expect, test } from 'vitest';
import { freezeWhole, frozen, unfreezable } from './frozen.ts';

test('plain objects and arrays are frozen at all levels', () => {
  const value = frozen({ lines: [{ sku: 'tea' }], total: 0, note: null });
  expect(() => Object.assign(value, { total: 1 })).toThrow(TypeError);
  expect(() => value.lines.push({ sku: 'coffee' })).toThrow(TypeError);
  expect(() => Object.assign(value.lines[0]!, { sku: 'coffee' })).toThrow(TypeError);
});

test('a Map, Date or class instance is not frozen', () => {
  const value = frozen({ quantities: new Map([['tea', 1]]), at: new Date(0) });
  value.quantities.set('tea', 2);
  expect(Object.isFrozen(value.at)).toBe(false);
});

test('a value that refers to itself is frozen', () => {
  const value: { self?: unknown } = {};
  value.self = value;
  expect(Object.isFrozen(frozen(value))).toBe(true);
});

test('what cannot be frozen is found at any level, and named', () => {
  class Money {}
  expect(unfreezable({ lines: [{ sku: 'tea' }], at: new Date(0), note: null })).toBeUndefined();
  expect(unfreezable({ lines: [{ quantities: new Map() }] })).toBe('Map');
  expect(unfreezable(new Set())).toBe('Set');
  expect(unfreezable({ price: new Money() })).toBe('Money');
});

test('a whole value is frozen below what was frozen before, and what cannot be is reported', () => {
  const inner = { count: 1 };
  expect(freezeWhole(Object.freeze({ inner }))).toBe(true);
  expect(Object.isFrozen(inner)).toBe(true);
  const line = { sku: 'tea' };
  expect(freezeWhole({ at: new Date(0), line })).toBe(false);
  expect(Object.isFrozen(line)).toBe(true);
  expect(freezeWhole({ lines: new Map() })).toBe(false);
});
