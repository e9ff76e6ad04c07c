import type { SqlTypes } from '../projection/columns.ts';

/** A value that some column may hold. */
export type ColumnValue = SqlTypes[keyof SqlTypes];

/**
 * What a read model's column of one SQL type takes and gives.
 *
 * Values go to Postgres and come back as text: what comes back does not depend on how the connection parses types or on
 * settings such as `datestyle`, which an append inside a caller's transaction may choose.
 *
 * A value must be written as Postgres writes it. A row that stays in memory between batches is then the row that would
 * be read back.
 */
export interface SqlType<TValue extends ColumnValue = ColumnValue> {
  /** As definitions and `create table` write it. */
  readonly name: keyof SqlTypes;
  /** As Postgres' `format_type` writes it. */
  readonly formatted: string;
  /** Whether a column of a primary key may have it. */
  readonly isKey: boolean;
  /** Whether the text needs quotes inside an array. */
  readonly isQuoted: boolean;
  /** @throws TypeError when the value is of another type, or not as Postgres would write it. */
  encode(value: unknown): string;
  /**
   * The same text for the values that Postgres takes for equal, and for no others.
   *
   * @throws TypeError like {@link SqlType.encode}
   */
  encodeKey(value: unknown): string;
  /** @param text what {@link SqlType.select} gives */
  decode(text: string): TValue;
  /** A value that {@link SqlType.encode} takes, as {@link SqlType.decode} will give it back. */
  asStored(value: TValue): TValue;
  /** A value of a key, in the one form that stands for all equal ones. */
  asKey(value: TValue): TValue;
  /**
   * SQL for the column's value as text.
   *
   * @param column quoted, such as `"stored"."cents"`
   */
  select(column: string): string;
}

/** What most types have in common: a value is read back as it was written, and its text says which ones are equal. */
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

/** What a value is, without the value. */
export function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return value instanceof Date ? 'an invalid Date' : typeof value;
}
