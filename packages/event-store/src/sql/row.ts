import type { EventMetadata, JsonValue } from '@leftfold/core';

/** A row of `events`, as the store's statements ask for it. */
export interface EventRow {
  readonly position: string | number | bigint;
  readonly stream_version: string | number | bigint;
  /** Seconds since 1970, which every session writes alike and which are read faster than a date. */
  readonly recorded_at: number;
  readonly schema_version: number;
  readonly stream_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly data: JsonValue;
  readonly metadata: EventMetadata;
  readonly tags: readonly string[];
}

/** The columns of {@link EventRow} but for its payloads, in no particular order. */
export const headColumns =
  "position, stream_version, date_part('epoch', recorded_at) as recorded_at, schema_version, stream_id, event_id, type, tags";

/** The columns of {@link EventRow}, in no particular order. */
export const eventColumns = `${headColumns}, data, metadata`;

/** The instant of seconds since 1970, at the millisecond before it, as pg reads a timestamp. */
export function toDate(seconds: number): Date {
  // Whole microseconds first: they are exact, and their fraction of seconds is not.
  return new Date(Math.floor(Math.round(seconds * 1e6) / 1_000));
}

/**
 * int8 comes as text, or as whatever the caller's own pool makes of it.
 *
 * @throws RangeError beyond 2^53 - 1, where a number would be rounded.
 */
export function toSafeNumber(value: string | number | bigint): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number))
    throw new RangeError(`${value} is beyond the whole numbers that are exact`);
  return number;
}

/** Reads a Postgres array of whole numbers, such as `{1,2,3}`. */
export function toNumbers(literal: string | null): readonly number[] {
  if (literal === null || literal.length <= 2) return [];
  return literal.slice(1, -1).split(',').map(toSafeNumber);
}

/** Writes a Postgres array of whole numbers. */
export function numberArray(values: readonly number[]): string {
  return `{${values.join(',')}}`;
}

/** What needs no quotes inside an array, `NULL` apart. */
const plain = /^[\w.:-]+$/;

/**
 * Writes a Postgres array of texts.
 *
 * JSON's quoting is the array's quoting as long as there is no control character, and there is none: ids are
 * checked, and JSON texts have theirs escaped already.
 */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map(arrayElement).join(',')}}`;
}

function arrayElement(value: string | null): string {
  if (value === null) return 'NULL';
  // Most are ids, and stay the strings that they are.
  return plain.test(value) && value.length > 4 ? value : JSON.stringify(value);
}

/** Joins JSON texts to the text of a JSON array. */
export function jsonArray(values: readonly string[]): string {
  return `[${values.join(',')}]`;
}
