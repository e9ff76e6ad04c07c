import type { SqlTypes } from '@leftfold/core';
import { describe, expect, test } from 'vitest';
import { columnCodecs } from './column-codec.ts';
import { arrayLiteral, columnsOf, encodeColumn } from './table-codec.ts';

const halfASurrogatePair = '😀'.slice(0, 1);

describe('a column', () => {
  test.each<[keyof SqlTypes, unknown, string]>([
    ['text', halfASurrogatePair, 'half of a surrogate pair'],
    ['text', 1, 'expected a string, got number'],
    ['uuid', '0B9D2C0E-6A0F-4F8E-9D3C-0123456789AB', 'a UUID in lower case'],
    ['date', '2024-1-5', 'YYYY-MM-DD'],
    ['numeric', '1e3', 'a plain decimal number'],
    ['numeric', '007', 'a plain decimal number'],
    ['bigint', 2 ** 53, 'not a whole number within'],
    ['bigint', '1', 'expected a number, got string'],
    ['integer', 1.5, 'not a whole number within'],
    ['double precision', null, 'expected a number, got null'],
    ['boolean', 'yes', 'expected a boolean'],
    ['timestamptz', new Date(Number.NaN), 'an invalid Date'],
    ['timestamptz', '2024-01-05T00:00:00Z', 'expected a valid Date, got string'],
    ['jsonb', undefined, 'expected a JSON value, got undefined'],
  ])('of type %s refuses %j, which Postgres would not give back as it is', (type, value, message) => {
    expect(() => columnCodecs[type].encode(value)).toThrow(message);
  });

  test('is named when its value is missing, and may be null only when it is declared so', () => {
    const { key, rest } = columnsOf('any', {
      name: 'any',
      columns: { id: 'text', note: 'text null', sum: 'bigint' },
      primaryKey: ['id'],
      indexes: [],
    });
    const [note, sum] = rest;
    expect(key.map(({ name }) => name)).toEqual(['id']);
    expect(encodeColumn(note!, { note: null })).toBeNull();
    expect(() => encodeColumn(sum!, { sum: null })).toThrow('column "sum": expected a number, got null');
    expect(() => encodeColumn(sum!, {})).toThrow('column "sum": expected a number, got undefined');
  });

  test('becomes an array in which no text can end the element or the array', () => {
    const [text] = columnsOf('any', {
      name: 'any',
      columns: { id: 'text' },
      primaryKey: ['id'],
      indexes: [],
    }).key;
    const values = ['plain', 'a "quote"', 'back\\slash', '{a,b}', 'NULL', '', null];
    expect(arrayLiteral(text!, values, (value) => value)).toBe(
      '{"plain","a \\"quote\\"","back\\\\slash","{a,b}","NULL","",NULL}',
    );
  });
});
