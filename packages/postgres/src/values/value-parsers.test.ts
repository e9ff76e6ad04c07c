import pg from 'pg';
import { expect, test } from 'vitest';
import { valueParsers } from './value-parsers.ts';

const { BOOL, DATE, FLOAT8, INT4, INT8, JSONB, NUMERIC, TEXT, TIMESTAMPTZ } = pg.types.builtins;

function parse(oid: number, text: string): unknown {
  const parser = valueParsers.getTypeParser(oid, 'text') as (text: string) => unknown;
  return parser(text);
}

test('values are parsed as pg does, but int8 is a number and date stays text', () => {
  expect(parse(INT8, '9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
  expect(parse(DATE, '2026-01-02')).toBe('2026-01-02');
  expect(parse(INT4, '-7')).toBe(-7);
  expect(parse(FLOAT8, '1.5e3')).toBe(1500);
  expect(parse(BOOL, 't')).toBe(true);
  expect(parse(BOOL, 'f')).toBe(false);
  expect(parse(TEXT, '{}')).toBe('{}');
  expect(parse(JSONB, '{}')).toEqual({});
  expect(parse(JSONB, '{"a": [1]}')).toEqual({ a: [1] });
  expect(parse(1009, '{a,"b,c",NULL}')).toEqual(['a', 'b,c', null]);
  expect(parse(NUMERIC, '1.50')).toBe('1.50');
  expect(parse(TIMESTAMPTZ, '2026-01-02 03:04:05+00')).toEqual(new Date('2026-01-02T03:04:05Z'));
});

test('an int8 that a number cannot hold exactly is an error', () => {
  expect(() => parse(INT8, '9007199254740993')).toThrow(RangeError);
});

test('parsers that the program sets for its own queries do not change the types of the framework’s tables', () => {
  const before: unknown = pg.types.getTypeParser(INT8, 'text');
  pg.types.setTypeParser(INT8, () => 'changed');
  try {
    expect(parse(INT8, '7')).toBe(7);
  } finally {
    pg.types.setTypeParser(INT8, before as (text: string) => unknown);
  }
});
