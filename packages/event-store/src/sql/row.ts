import type { EventMetadata, JsonValue } from '@leftfold/core';

/** A row of `events`, as pg hands it out. */
export interface EventRow {
  readonly position: string | number | bigint;
  readonly stream_version: string | number | bigint;
  readonly recorded_at: Date;
  readonly schema_version: number;
  readonly stream_id: string;
  readonly event_id: string;
  readonly type: string;
  readonly data: JsonValue;
  readonly metadata: EventMetadata;
  readonly tags: readonly string[];
}

/** The columns of {@link EventRow}, in no particular order. */
export const eventColumns =
  'position, stream_version, recorded_at, schema_version, stream_id, event_id, type, data, metadata, tags';

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

/**
 * Writes a Postgres array of texts.
 *
 * JSON's quoting is the array's quoting as long as there is no control character, and there is none: ids are
 * checked, and JSON texts have theirs escaped already.
 */
export function textArray(values: readonly (string | null)[]): string {
  return `{${values.map((value) => (value === null ? 'NULL' : JSON.stringify(value))).join(',')}}`;
}
