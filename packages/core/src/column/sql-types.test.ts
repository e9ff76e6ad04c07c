import { describe, expect, test } from 'vitest';
import type { SqlTypes } from '../projection/columns.ts';
import type { SqlType } from './sql-type.ts';
import { sqlTypes } from './sql-types.ts';

const typeOf = (name: keyof SqlTypes): SqlType => sqlTypes[name];
const halfASurrogatePair = '😀'.slice(0, 1);

describe('a column', () => {
  test.each<[keyof SqlTypes, unknown, string]>([
    ['text', halfASurrogatePair, 'half of a surrogate pair'],
    ['text', 'a\u0000', 'has a NUL character'],
    ['text', 1, 'expected a string, got number'],
    ['uuid', '0B9D2C0E-6A0F-4F8E-9D3C-0123456789AB', 'a UUID in lower case'],
    ['uuid', '0b9d2c0e6a0f4f8e9d3c0123456789ab', 'a UUID in lower case'],
    ['date', '2024-1-5', 'YYYY-MM-DD'],
    ['date', '02024-01-05', 'YYYY-MM-DD'],
    ['date', '2024-01-05T00:00:00Z', 'YYYY-MM-DD'],
    ['date', 'infinity', 'YYYY-MM-DD'],
    ['date', '2023-02-29', 'a day that there is'],
    ['date', '1900-02-29', 'a day that there is'],
    ['date', '2024-13-01', 'a day that there is'],
    ['date', '2024-04-31', 'a day that there is'],
    ['date', '2024-04-00', 'a day that there is'],
    ['date', '0000-01-01', 'a day that there is'],
    ['date', '0002-02-29 BC', 'a day that there is'],
    ['date', '4714-11-23 BC', 'from 24 November 4714 BC'],
    ['date', '294277-01-01', 'to the year 294276'],
    ['numeric', '1e3', 'a plain decimal number'],
    ['numeric', '007', 'a plain decimal number'],
    ['numeric', '.5', 'a plain decimal number'],
    ['numeric', '+1', 'a plain decimal number'],
    ['numeric', '-0', 'a plain decimal number'],
    ['numeric', '-0.00', 'a plain decimal number'],
    ['numeric', 1.5, 'expected a string, got number'],
    ['bigint', 2 ** 53, 'expected a whole number within'],
    ['bigint', '1', 'expected a number, got string'],
    ['integer', 1.5, 'expected a whole number within'],
    ['integer', 2 ** 31, 'expected a whole number within -2147483648 and 2147483647'],
    ['double precision', null, 'expected a number, got null'],
    ['boolean', 'yes', 'expected a boolean'],
    ['timestamptz', new Date(Number.NaN), 'an invalid Date'],
    ['timestamptz', new Date(Date.UTC(-4713, 10, 24) - 1), 'not before 24 November 4714 BC'],
    ['timestamptz', '2024-01-05T00:00:00Z', 'expected a valid Date, got string'],
    ['jsonb', undefined, 'is undefined, which JSON cannot keep'],
    ['jsonb', { a: ['b\u0000'] }, '"*.*" has a NUL character'],
    ['jsonb', { a: [Number.NaN] }, '"*.*" is NaN or an infinity'],
    ['jsonb', { [halfASurrogatePair]: 1 }, 'half of a surrogate pair'],
  ])('of type %s refuses %j', (name, value, message) => {
    expect(() => typeOf(name).encode(value)).toThrow(message);
    expect(() => typeOf(name).encodeKey(value)).toThrow(message);
  });

  test('of type numeric refuses more digits than Postgres can store', () => {
    for (const most of ['1'.repeat(131_072), `0.${'1'.repeat(16_383)}`]) {
      expect(sqlTypes.numeric.encode(most)).toBe(most);
      expect(() => sqlTypes.numeric.encode(`${most}1`)).toThrow(
        '131072 digits before its point and 16383 after it',
      );
    }
  });

  test('of type bigint refuses a bigint, since rows have numbers', () => {
    expect(() => sqlTypes.bigint.encode(1n)).toThrow('expected a number, got bigint');
  });

  test('has a type whose name is the one in definitions', () => {
    for (const [name, type] of Object.entries(sqlTypes)) expect(type.name).toBe(name);
  });
});

describe('a value of a key', () => {
  test.each<[keyof SqlTypes, readonly unknown[], string]>([
    ['numeric', ['1.5', '1.50', '1.500'], '1.5'],
    ['numeric', ['10', '10.0'], '10'],
    ['numeric', ['0', '0.00'], '0'],
    ['numeric', ['-100.010'], '-100.01'],
    ['double precision', [0, -0], '0'],
    ['double precision', [Number.NaN, -Number.NaN], 'NaN'],
    ['integer', [0, -0], '0'],
    ['timestamptz', [new Date(0), new Date('1970-01-01')], '1970-01-01T00:00:00.000Z'],
  ])('of type %s has one text for equal values: %j', (name, values, text) => {
    for (const value of values) expect(typeOf(name).encodeKey(value)).toBe(text);
  });

  test('has one form for equal values', () => {
    expect(sqlTypes.numeric.asKey('1.50')).toBe('1.5');
    expect(sqlTypes.text.asKey('1.50')).toBe('1.50');
    expect(Object.is(sqlTypes['double precision'].asKey(-0), 0)).toBe(true);
  });
});

describe('an instant', () => {
  test.each([
    ['2024-01-05T06:07:08.009Z', '2024-01-05T06:07:08.009Z'],
    ['0001-01-01T00:00:00.000Z', '0001-01-01T00:00:00.000Z'],
    ['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z'],
    ['+010000-01-01T00:00:00.000Z', '10000-01-01T00:00:00.000Z'],
    ['+275760-09-13T00:00:00.000Z', '275760-09-13T00:00:00.000Z'],
    ['0000-12-31T23:59:59.999Z', '0001-12-31T23:59:59.999Z BC'],
    ['-000043-03-15T12:00:00.000Z', '0044-03-15T12:00:00.000Z BC'],
    ['-004713-11-24T00:00:00.000Z', '4714-11-24T00:00:00.000Z BC'],
  ])('of ISO 8601 %s is %s for Postgres', (iso, text) => {
    expect(sqlTypes.timestamptz.encode(new Date(iso))).toBe(text);
  });

  test('is rounded down to a millisecond, and refused outside of the range of Date', () => {
    expect(sqlTypes.timestamptz.decode('-1500.123')).toEqual(new Date(-1501));
    expect(() => sqlTypes.timestamptz.decode('Infinity')).toThrow('beyond what a Date holds');
  });
});
