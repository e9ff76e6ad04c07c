import pg from 'pg';
import { toSafeNumber } from '../sql/row.ts';

const INT8 = 20;
const DATE = 1082;

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
