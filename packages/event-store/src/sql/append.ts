import type { AppendRequest } from '@leftfold/core/append';
import { jsonArray, numberArray, type Statement, textArray, toNumbers } from '@leftfold/postgres';
import { expectedCodeOf } from './expected-version.ts';
import { toDate } from './row.ts';

/** What the database answered to one request. */
export type AppendOutcome =
  | {
      readonly kind: 'appended';
      readonly versions: readonly number[];
      readonly positions: readonly number[];
      readonly recordedAt: Date;
    }
  | { readonly kind: 'conflict'; readonly entry: number; readonly actual: number }
  /** An event is there that the condition excludes. */
  | { readonly kind: 'matched'; readonly position: number }
  | { readonly kind: 'duplicate' }
  | { readonly kind: 'event-id-reused'; readonly eventId: string };

/** Without a position when nothing was appended. */
export interface AppendOneRow {
  readonly entry_version: number | null;
  readonly event_position: number | null;
  /** Seconds since 1970. */
  readonly recorded_at: number | null;
}

/**
 * One event to one stream.
 *
 * SQL: one call of `append_one`; holds the shared fence lock, and shared locks on the event's tags, until commit. Needs
 * read committed.
 */
export function appendOneStatement(schema: string, request: AppendRequest): Statement | undefined {
  const entry = request.streams[0];
  const event = entry?.events[0];
  if (entry === undefined || event === undefined || request.streams.length > 1 || entry.events.length > 1)
    return undefined;
  if (request.condition !== undefined) return undefined;
  return {
    name: `leftfold append one ${schema}`,
    text: `select entry_version, event_position, date_part('epoch', recorded_at) as recorded_at
             from "${schema}".append_one($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [
      entry.streamId,
      expectedCodeOf(entry.expectedVersion),
      event.id,
      event.type,
      event.schemaVersion,
      event.dataJson,
      event.metadataJson,
      textArray(event.tags),
    ],
  };
}

/** undefined when nothing was appended: the batch form then tells why. */
export function toAppendOneOutcome(row: AppendOneRow | undefined): AppendOutcome | undefined {
  if (row === undefined || row.entry_version === null) return undefined;
  if (row.event_position === null || row.recorded_at === null) return undefined;
  return {
    kind: 'appended',
    versions: [row.entry_version],
    positions: [row.event_position],
    recordedAt: toDate(row.recorded_at),
  };
}

export interface AppendBatchRow {
  readonly request_status: string | null;
  readonly request_entry: string | null;
  readonly request_event_id: readonly (string | null)[] | null;
  readonly request_match: string | null;
  readonly entry_version: string;
  readonly event_position: string | null;
  /** Seconds since 1970. */
  readonly recorded_at: number;
}

export interface BatchOptions {
  readonly checkEventIds: boolean;
  readonly inTransaction?: boolean | undefined;
  readonly patienceMs?: number | undefined;
}

/**
 * Any number of requests, no two of which share a stream, and none of which has events that a later one's condition
 * asks about.
 *
 * SQL: one call of `append_batch`; holds the shared fence lock until commit, and locks on tags and on the streams of
 * requests that only check a stream. Needs read committed.
 *
 * @param checkEventIds look for ids that are in the log already, rather than run into a unique violation.
 * @param inTransaction survive a lost race in a subtransaction, for a transaction that must go on.
 * @param patienceMs fail when another transaction holds a stream or a tag for longer. 0 waits for as long as it takes.
 */
export function appendBatchStatement(
  schema: string,
  requests: readonly AppendRequest[],
  options: BatchOptions,
): Statement {
  const entryRequest: number[] = [];
  const entryStream: string[] = [];
  const entryExpected: number[] = [];
  const entryEvents: number[] = [];
  const eventRequest: number[] = [];
  const eventEntry: number[] = [];
  const eventOffset: number[] = [];
  const eventStream: string[] = [];
  const ids: string[] = [];
  const types: string[] = [];
  const schemaVersions: number[] = [];
  const data: string[] = [];
  const metadata: string[] = [];
  const tags: (string | null)[] = [];
  requests.forEach(({ streams }, requestIndex) => {
    for (const entry of streams) {
      entryRequest.push(requestIndex + 1);
      entryStream.push(entry.streamId);
      entryExpected.push(expectedCodeOf(entry.expectedVersion));
      entryEvents.push(entry.events.length);
      entry.events.forEach((event, offset) => {
        eventRequest.push(requestIndex + 1);
        eventEntry.push(entryStream.length);
        eventOffset.push(offset + 1);
        eventStream.push(entry.streamId);
        ids.push(event.id);
        types.push(event.type);
        schemaVersions.push(event.schemaVersion);
        data.push(event.dataJson);
        metadata.push(event.metadataJson);
        tags.push(event.tags.length === 0 ? null : textArray(event.tags));
      });
    }
  });
  const { checkEventIds, inTransaction = false, patienceMs = 0 } = options;
  const queries = queryColumns(requests);
  const call = inTransaction ? 'append_batch_in_transaction' : 'append_batch';
  const given = [
    ...(queries === undefined ? [] : ['query_request', 'query_tags', 'query_types', 'query_after']),
    ...(inTransaction ? [] : ['patience_ms']),
  ].map((parameter, index) => `, ${parameter} => $${17 + index}`);
  return {
    name: `leftfold ${call}${queries === undefined ? '' : ' under conditions'} ${schema}`,
    text: `select request_status::text, request_entry::text, request_event_id, request_match::text, entry_version::text,
                  event_position::text, date_part('epoch', recorded_at) as recorded_at
             from "${schema}".${call}($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16${given.join('')})`,
    values: [
      numberArray(entryRequest),
      textArray(entryStream),
      numberArray(entryExpected),
      numberArray(entryEvents),
      numberArray(eventRequest),
      numberArray(eventEntry),
      numberArray(eventOffset),
      textArray(eventStream),
      textArray(ids),
      textArray(types),
      numberArray(schemaVersions),
      jsonArray(data),
      jsonArray(metadata),
      tags.every((each) => each === null) ? null : textArray(tags),
      textArray(requests.map(({ commandId }) => commandId ?? null)),
      checkEventIds,
      ...(queries ?? []),
      ...(inTransaction ? [] : [patienceMs]),
    ],
  };
}

/** One element for each query of each condition; undefined when there is none. */
function queryColumns(requests: readonly AppendRequest[]): readonly string[] | undefined {
  const queryRequest: number[] = [];
  const tags: string[] = [];
  const types: (string | null)[] = [];
  const queryAfter: number[] = [];
  requests.forEach(({ condition }, requestIndex) => {
    for (const query of condition?.queries ?? []) {
      queryRequest.push(requestIndex + 1);
      tags.push(textArray(query.tags));
      types.push(query.types === undefined ? null : textArray(query.types));
      queryAfter.push(condition?.after ?? 0);
    }
  });
  if (queryRequest.length === 0) return undefined;
  return [numberArray(queryRequest), textArray(tags), textArray(types), numberArray(queryAfter)];
}

const DUPLICATE = 2;
const EVENT_ID_REUSED = 3;
const CONFLICT = 1;
const MATCHED = 4;

/** Splits the answer to a batch into one for each request. */
export function toBatchOutcomes(
  requests: readonly AppendRequest[],
  row: AppendBatchRow,
): readonly AppendOutcome[] {
  const statuses = toNumbers(row.request_status);
  const conflictEntries = row.request_entry === null ? [] : row.request_entry.slice(1, -1).split(',');
  const matches = row.request_match === null ? [] : row.request_match.slice(1, -1).split(',');
  const versions = toNumbers(row.entry_version);
  const positions = toNumbers(row.event_position);
  let entriesBefore = 0;
  let eventsBefore = 0;
  return requests.map((request, index): AppendOutcome => {
    const firstEntry = entriesBefore;
    entriesBefore += request.streams.length;
    switch (statuses[index] ?? 0) {
      case CONFLICT: {
        const entry = Number(conflictEntries[index]) - 1;
        return { kind: 'conflict', entry: entry - firstEntry, actual: versions[entry] ?? 0 };
      }
      case MATCHED:
        return { kind: 'matched', position: Number(matches[index]) };
      case DUPLICATE:
        return { kind: 'duplicate' };
      case EVENT_ID_REUSED:
        return { kind: 'event-id-reused', eventId: row.request_event_id?.[index] ?? '' };
      default: {
        const first = eventsBefore;
        eventsBefore += request.eventCount;
        return {
          kind: 'appended',
          versions: versions.slice(firstEntry, entriesBefore),
          positions: positions.slice(first, eventsBefore),
          recordedAt: toDate(row.recorded_at),
        };
      }
    }
  });
}
