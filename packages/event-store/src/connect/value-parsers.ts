import pg from 'pg';
import { toSafeNumber } from '../sql/row.ts';

const { INT8, INT4, FLOAT8, BOOL, DATE, JSONB } = pg.types.builtins;
const TEXT_ARRAY = 1009;

/**
 * How column values become JavaScript values on the store's own connections: as pg does, but int8 is a number
 * (an error beyond 2^53 - 1, never rounded) and `date` stays text, for it has no zone.
 */
export const valueParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    if (oid === INT8 && format !== 'binary') return toSafeNumber;
    if (oid === DATE && format !== 'binary') return (text: string) => text;
    return pg.types.getTypeParser(oid, format) as (value: string) => unknown;
  }) as pg.CustomTypesConfig['getTypeParser'],
};

const parseTexts = pg.types.getTypeParser(TEXT_ARRAY as number) as (text: string) => string[];

/**
 * For the store's own statements: whatever parsers the program has set for its own queries, and quick with the
 * empty objects and lists that most events have.
 */
export const storeParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number) => {
    switch (oid) {
      case INT8:
        return toSafeNumber;
      case INT4:
      case FLOAT8:
        return Number;
      case BOOL:
        return (text: string) => text === 't';
      case JSONB:
        return (text: string): unknown => (text === '{}' ? {} : JSON.parse(text));
      case TEXT_ARRAY:
        return (text: string) => (text === '{}' ? [] : parseTexts(text));
      default:
        return (text: string) => text;
    }
  }) as pg.CustomTypesConfig['getTypeParser'],
};
