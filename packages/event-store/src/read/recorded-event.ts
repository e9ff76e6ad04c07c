import type { EventCatalog, EventMetadata, JsonValue, RecordedEvent } from '@leftfold/core';
import { toSafeNumber } from '@leftfold/postgres';
import type { EventRow } from '../sql/event-columns.ts';
import { toDate } from '../sql/row.ts';

/** What to do with an event type that no definition knows. */
export type UnknownEvents = 'fail' | 'skip';

/**
 * Turns a stored row into an event of the newest schema version.
 *
 * @throws UnknownEventError, InvalidEventError
 */
export function toRecordedEvent(catalog: EventCatalog, row: EventRow, validate: boolean): RecordedEvent {
  const position = toSafeNumber(row.position);
  const stored = {
    type: row.type,
    schemaVersion: row.schema_version,
    data: parseJson<JsonValue>(row.data),
    position,
  };
  const { schemaVersion, data } = catalog.upcast(stored, validate);
  return {
    type: row.type,
    schemaVersion,
    data,
    id: row.event_id,
    streamId: row.stream_id,
    streamVersion: toSafeNumber(row.stream_version),
    position,
    recordedAt: toDate(row.recorded_at),
    metadata: parseJson<EventMetadata>(row.metadata),
    tags: row.tags,
  };
}

/** Empty objects are frequent. */
function parseJson<TValue>(text: string): TValue {
  return (text === '{}' ? {} : JSON.parse(text)) as TValue;
}
