import type { EventCatalog, EventMetadata, JsonValue, RecordedEvent, StoredPlace } from '@leftfold/core';
import { readJson } from '@leftfold/core/append';
import { toSafeNumber } from '@leftfold/postgres';
import type { EventRow } from '../sql/event-columns.ts';
import { toDate } from '../sql/row.ts';

/** What to do with an event type that no definition knows. */
export type UnknownEvents = 'fail' | 'skip';

/**
 * Turns a stored row into the events that it is read as: one of the newest schema version, or for a retired type any
 * number, in their order.
 *
 * @throws UnknownEventError, InvalidEventError
 */
export function toRecordedEvents(
  catalog: EventCatalog,
  row: EventRow,
  validate: boolean,
): readonly RecordedEvent[] {
  const position = toSafeNumber(row.position);
  const { type, schema_version: schemaVersion } = row;
  const data = readJson<JsonValue>(row.data, { owner: type, schemaVersion, position });
  const stored = { type, schemaVersion, data, position };
  return catalog.read(stored, validate).map((payload) => ({
    ...payload,
    id: row.event_id,
    streamId: row.stream_id,
    streamVersion: toSafeNumber(row.stream_version),
    position,
    recordedAt: toDate(row.recorded_at),
    metadata: readJson<EventMetadata>(row.metadata, {
      owner: `metadata of ${type}`,
      schemaVersion: 1,
      position,
    }),
    // The row may be shared with other readers, who also filter by its tags.
    tags: Object.freeze(row.tags),
  }));
}

export function placeOf({ stream_version, position, event_id: id }: EventRow): StoredPlace {
  return { streamVersion: toSafeNumber(stream_version), position: toSafeNumber(position), id };
}
