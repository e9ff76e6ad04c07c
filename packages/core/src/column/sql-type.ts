import type { SqlTypes } from '../projection/columns.ts';

/** A value of a column. */
export type ColumnValue = SqlTypes[keyof SqlTypes];

/**
 * The values of one SQL type of a read model's columns.
 *
 * Values are sent to Postgres and read from it as text. The result then does not depend on the type parsers of the
 * connection or on settings such as `datestyle`, which the caller of an append inside a transaction may choose.
 *
 * A value must have the form that Postgres would return. A row that is kept in memory between batches is then the same
 * as the stored row.
 */
export interface SqlType<TValue extends ColumnValue = ColumnValue> {
  /** The name in definitions and in `create table`. */
  readonly name: keyof SqlTypes;
  /** The name that Postgres' `format_type` returns. */
  readonly formatted: string;
  /** Whether a column of the primary key may have this type. */
  readonly isKey: boolean;
  /** Whether the text needs quotes in a Postgres array. */
  readonly isQuoted: boolean;
  /** @throws TypeError when the value has another type, or a form that Postgres would not return. */
  encode(value: unknown): string;
  /**
   * Returns the same text for two values if Postgres compares them as equal, and different texts otherwise.
   *
   * @throws TypeError like {@link SqlType.encode}
   */
  encodeKey(value: unknown): string;
  /** @param text the result of {@link SqlType.select} */
  decode(text: string): TValue;
  /** Converts a valid value to the form in which it is read back. */
  asStored(value: TValue): TValue;
  /** Converts a valid value to the form that all values equal to it have in a key. */
  asKey(value: TValue): TValue;
  /**
   * SQL that returns the column's value as text.
   *
   * @param column quoted, such as `"stored"."cents"`
   */
  select(column: string): string;
}

/** Defaults: a value is read back as it was written, and values are equal if their texts are. */
export const plainType = {
  isKey: true,
  isQuoted: false,
  asStored: <TValue>(value: TValue): TValue => value,
  asKey: <TValue>(value: TValue): TValue => value,
  select: (column: string): string => `${column}::text`,
};

/** @throws TypeError when the value is not a string. */
export function expectString(value: unknown): string {
  if (typeof value !== 'string') throw new TypeError(`expected a string, got ${nameOf(value)}`);
  return value;
}

/** @throws TypeError when the value is not a number. */
export function expectNumber(value: unknown): number {
  if (typeof value !== 'number') throw new TypeError(`expected a number, got ${nameOf(value)}`);
  return value;
}

/** The type of a value, for error messages. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof Date ? 'an invalid Date' : typeof value;
}
