import { nameOf, plainType, type SqlType } from './sql-type.ts';

/** The first instant that Postgres holds, 24 November 4714 BC. Its last one is later than a Date's. */
const FIRST_MS = Date.UTC(-4713, 10, 24);

/** Instants, in milliseconds: a Date has no more. */
export const timestamptz: SqlType<Date> = {
  ...plainType,
  name: 'timestamptz',
  formatted: 'timestamp with time zone',
  isQuoted: true,
  encode,
  encodeKey: encode,
  decode,
  // Milliseconds since 1970: no time zone and no date style is involved.
  select: (column) => `(extract(epoch from ${column}) * 1000)::text`,
};

function encode(value: unknown): string {
  if (!(value instanceof Date) || Number.isNaN(value.getTime()))
    throw new TypeError(`expected a valid Date, got ${nameOf(value)}`);
  const year = value.getUTCFullYear();
  // ISO 8601 writes these years as +010000 and -000043, which Postgres does not read.
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
