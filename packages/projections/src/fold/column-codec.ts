import type { JsonValue, SqlTypes } from '@leftfold/core';
import { type RawBuilder, sql } from 'kysely';

/** A value of a read model's column. */
export type AnyColumnValue = SqlTypes[keyof SqlTypes] | null;

/**
 * How a value travels to and from Postgres, as text both ways: what comes back does not depend on how the connection
 * parses types, which an append inside a caller's transaction may choose.
 *
 * Values must be written as Postgres writes them. A row that stays in memory between batches is then the row that
 * would be read back, and one key has one spelling.
 */
export interface ColumnCodec {
  /** Whether the text needs quotes inside an array. */
  readonly quoted: boolean;
  /** @throws TypeError when the value is of another type, or not as Postgres would write it. */
  encode(value: unknown): string;
  decode(text: string): AnyColumnValue;
  /** The column's value as the text that {@link decode} takes. */
  read(column: RawBuilder<unknown>): RawBuilder<unknown>;
}

const asText = (column: RawBuilder<unknown>) => sql`${column}::text`;
const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const date = /^\d{4,}-\d{2}-\d{2}$/;
const decimal = /^(?:-?(?:0|[1-9]\d*)(?:\.\d+)?|NaN|-?Infinity)$/;

/** One codec for each SQL type a column may have. */
export const columnCodecs: { readonly [TType in keyof SqlTypes]: ColumnCodec } = {
  text: {
    quoted: true,
    encode: (value) => {
      const text = expectString(value);
      // Half of a surrogate pair becomes another character on its way, and two keys would become one.
      if (!text.isWellFormed()) throw new TypeError('text has half of a surrogate pair');
      return text;
    },
    decode: (text) => text,
    read: asText,
  },
  uuid: matching(uuid, 'a UUID in lower case'),
  date: {
    ...matching(date, 'a date as YYYY-MM-DD'),
    read: (column) => sql`to_char(${column}, 'YYYY-MM-DD')`,
  },
  numeric: matching(decimal, 'a plain decimal number as text'),
  integer: wholeNumber(),
  bigint: wholeNumber(),
  'double precision': {
    quoted: false,
    encode: (value) => {
      if (typeof value !== 'number') throw new TypeError(`expected a number, got ${nameOf(value)}`);
      return String(value);
    },
    decode: Number,
    read: asText,
  },
  boolean: {
    quoted: false,
    encode: (value) => {
      if (typeof value !== 'boolean') throw new TypeError(`expected a boolean, got ${nameOf(value)}`);
      return String(value);
    },
    decode: (text) => text === 'true',
    read: asText,
  },
  timestamptz: {
    quoted: true,
    encode: (value) => {
      if (!(value instanceof Date) || Number.isNaN(value.getTime())) {
        throw new TypeError(`expected a valid Date, got ${nameOf(value)}`);
      }
      return value.toISOString();
    },
    decode: (text) => new Date(Number(text)),
    // Milliseconds since 1970: no time zone and no date style is involved.
    read: (column) => sql`(extract(epoch from ${column}) * 1000)::text`,
  },
  jsonb: {
    quoted: true,
    encode: (value) => {
      const text: string | undefined = JSON.stringify(value);
      if (text === undefined) throw new TypeError(`expected a JSON value, got ${nameOf(value)}`);
      return text;
    },
    decode: (text) => JSON.parse(text) as JsonValue,
    read: asText,
  },
};

function wholeNumber(): ColumnCodec {
  return {
    quoted: false,
    encode: (value) => {
      if (typeof value !== 'number') throw new TypeError(`expected a number, got ${nameOf(value)}`);
      if (!Number.isSafeInteger(value)) {
        throw new TypeError(`${value} is not a whole number within ±${Number.MAX_SAFE_INTEGER}`);
      }
      return String(value);
    },
    decode: (text) => {
      const value = Number(text);
      if (!Number.isSafeInteger(value)) throw new TypeError(`${text} is beyond ±${Number.MAX_SAFE_INTEGER}`);
      return value;
    },
    read: asText,
  };
}

function matching(pattern: RegExp, what: string): ColumnCodec {
  return {
    quoted: false,
    encode: (value) => {
      const text = expectString(value);
      if (!pattern.test(text)) throw new TypeError(`expected ${what}`);
      return text;
    },
    decode: (text) => text,
    read: asText,
  };
}

function expectString(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected a string, got ${nameOf(value)}`);
  return value;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof Date ? 'an invalid Date' : typeof value;
}
