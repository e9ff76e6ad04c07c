import type { AppendRequest, MatchedEvent } from '@leftfold/core/append';
import { toNumbers } from '@leftfold/postgres';
import { toDate } from './row.ts';

/** What the database answered to one request. */
export type AppendOutcome =
  | {
      readonly kind: 'appended';
      /** The version of each stream before the append. */
      readonly versions: readonly number[];
      readonly positions: readonly number[];
      readonly recordedAt: Date;
    }
  /** The request's stream at this index is not at the expected version. */
  | { readonly kind: 'conflict'; readonly streamIndex: number; readonly actual: number }
  /** The newest event that matches the condition. */
  | { readonly kind: 'matched'; readonly event: MatchedEvent }
  | { readonly kind: 'duplicate' }
  /** The log has another lineage than the request rests on. */
  | { readonly kind: 'log-changed' }
  /** An inline projection would miss the events. */
  | { readonly kind: 'not-applied' }
  | { readonly kind: 'event-id-reused'; readonly eventId: string };

/** The answer of `_append_one`; without a position when nothing was appended. */
export interface AppendOneRow {
  readonly stream_version: number | null;
  readonly event_position: number | null;
  /** Seconds since 1970. */
  readonly recorded_at: string | null;
}

/** undefined when nothing was appended: `_append_batch` then reports the reason. */
export function toAppendOneOutcome(row: AppendOneRow | undefined): AppendOutcome | undefined {
  if (row === undefined || row.stream_version === null) return undefined;
  if (row.event_position === null || row.recorded_at === null) return undefined;
  return {
    kind: 'appended',
    versions: [row.stream_version],
    positions: [row.event_position],
    recordedAt: toDate(row.recorded_at),
  };
}

/** The answer of `_append_batch`: arrays and JSON as text. */
export interface AppendBatchRow {
  readonly request_status: string | null;
  readonly request_stream: string | null;
  readonly request_event_id: readonly (string | null)[] | null;
  readonly request_match: string | null;
  /** Null when nothing was looked at. */
  readonly stream_version: string | null;
  readonly event_position: string | null;
  /** Seconds since 1970. */
  readonly recorded_at: string | null;
}

/** Values of `request_status`. */
const CONFLICT = 1;
const DUPLICATE = 2;
const EVENT_ID_REUSED = 3;
const MATCHED = 4;
const LOG_CHANGED = 5;
const NOT_APPLIED = 6;

/** Splits the answer to a batch into one for each request. */
export function toBatchOutcomes(
  requests: readonly AppendRequest[],
  row: AppendBatchRow,
): readonly AppendOutcome[] {
  const statuses = toNumbers(row.request_status);
  const conflicts = elementsOf(row.request_stream);
  const matches = matchesOf(row.request_match);
  const versions = toNumbers(row.stream_version);
  const positions = toNumbers(row.event_position);
  let streamsBefore = 0;
  let eventsBefore = 0;
  return requests.map((request, index): AppendOutcome => {
    const firstStream = streamsBefore;
    streamsBefore += request.streams.length;
    switch (statuses[index] ?? 0) {
      case CONFLICT: {
        const stream = Number(conflicts[index]) - 1;
        return { kind: 'conflict', streamIndex: stream - firstStream, actual: versions[stream] ?? 0 };
      }
      case MATCHED:
        return { kind: 'matched', event: matches[index]! };
      case LOG_CHANGED:
        return { kind: 'log-changed' };
      case NOT_APPLIED:
        return { kind: 'not-applied' };
      case DUPLICATE:
        return { kind: 'duplicate' };
      case EVENT_ID_REUSED:
        return { kind: 'event-id-reused', eventId: row.request_event_id?.[index] ?? '' };
      default: {
        const first = eventsBefore;
        eventsBefore += request.eventCount;
        return {
          kind: 'appended',
          versions: versions.slice(firstStream, streamsBefore),
          positions: positions.slice(first, eventsBefore),
          recordedAt: toDate(row.recorded_at ?? '0'),
        };
      }
    }
  });
}

/** The elements of an array of numbers, some of which are null, as text. */
function elementsOf(literal: string | null): readonly string[] {
  return literal === null ? [] : literal.slice(1, -1).split(',');
}

/** The newest match of each request. */
function matchesOf(json: string | null): readonly (MatchedEvent | null)[] {
  return json === null ? [] : (JSON.parse(json) as readonly (MatchedEvent | null)[]);
}
