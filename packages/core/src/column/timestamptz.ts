import { nameOf, plainType, type SqlType } from './sql-type.ts';

/** The first instant of Postgres, 24 November 4714 BC. The last one is later than the last one of a Date. */
const FIRST_MS = Date.UTC(-4713, 10, 24);

/** Instants with the precision of a Date, which is a millisecond. */
export const timestamptz: SqlType<Date> = {
  ...plainType,
  name: 'timestamptz',
  formatted: 'timestamp with time zone',
  isQuoted: true,
  encode,
  encodeKey: encode,
  decode,
  // Milliseconds since 1970, which do not depend on time zone and date style.
  select: (column) => `(extract(epoch from ${column}) * 1000)::text`,
};

function encode(value: unknown): string {
  if (!(value instanceof Date) || Number.isNaN(value.getTime()))
    throw new TypeError(`expected a valid Date, got ${nameOf(value)}`);
  const year = value.getUTCFullYear();
  // toISOString writes other years as +010000 and -000043, which Postgres does not read.
  if (year >= 1 && year <= 9_999) return value.toISOString();
  if (value.getTime() < FIRST_MS) throw new TypeError('a timestamptz is not before 24 November 4714 BC');
  const monthToMillisecond = value.toISOString().slice(year === 0 ? 4 : 7);
  return year > 0
    ? `${year}${monthToMillisecond}`
    : `${String(1 - year).padStart(4, '0')}${monthToMillisecond} BC`;
}

function decode(milliseconds: string): Date {
  const value = new Date(Math.floor(Number(milliseconds)));
  if (Number.isNaN(value.getTime())) throw new TypeError('a timestamptz is beyond what a Date holds');
  return value;
}
