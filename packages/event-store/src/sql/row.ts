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
