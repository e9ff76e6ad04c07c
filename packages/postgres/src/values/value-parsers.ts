import pg from 'pg';
import { toSafeNumber } from './numbers.ts';

const { BOOL, DATE, FLOAT8, INT4, INT8, JSONB, TEXT, UUID } = pg.types.builtins;
const TEXT_ARRAY = 1009;

const parseTexts = pg.types.getTypeParser(TEXT_ARRAY as number) as (text: string) => string[];
const asItIs = (text: string) => text;

/**
 * How column values become JavaScript values on all connections: as pg does, but int8 is a number (an error beyond
 * 2^53 - 1, never rounded) and `date` stays text, for it has no zone.
 *
 * The types that the framework's own tables have do not depend on parsers that the program has set for its own
 * queries, and are quick with the empty objects and lists that most events have.
 */
export const valueParsers: pg.CustomTypesConfig = {
  getTypeParser: ((oid: number, format?: 'text' | 'binary') => {
    const own = format === 'binary' ? undefined : parserOf(oid);
    return own ?? (pg.types.getTypeParser(oid, format) as (text: string) => unknown);
  }) as pg.CustomTypesConfig['getTypeParser'],
};

function parserOf(oid: number): ((text: string) => unknown) | undefined {
  switch (oid) {
    case TEXT:
    case UUID:
    case DATE:
      return asItIs;
    case INT8:
      return toSafeNumber;
    case INT4:
    case FLOAT8:
      return Number;
    case BOOL:
      return (text) => text === 't';
    case JSONB:
      return (text): unknown => (text === '{}' ? {} : JSON.parse(text));
    case TEXT_ARRAY:
      return (text) => (text === '{}' ? [] : parseTexts(text));
    default:
      return undefined;
  }
}
