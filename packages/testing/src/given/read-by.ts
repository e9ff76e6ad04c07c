import { type AnyEventGroup, EventCatalog, type RecordedEvent, storedTypesOf } from '@leftfold/core';

/** What follows the log: the event groups that it knows, and the types that it reads. */
interface Reader {
  readonly events: readonly AnyEventGroup[];
  readonly eventTypes: readonly string[];
}

/**
 * The events that a projection or a reaction gets, as it reads them.
 *
 * @throws InvalidEventError when an event's data does not match the reader's definition
 */
export function readBy(reader: Reader, events: readonly RecordedEvent[]): readonly RecordedEvent[] {
  const catalog = new EventCatalog(reader.events);
  const storedTypes = storedTypesOf(reader.events, reader.eventTypes);
  return events
    .filter(({ type }) => storedTypes.includes(type))
    .flatMap((event) => catalog.read(event, true).map((payload) => ({ ...event, ...payload })))
    .filter(({ type }) => reader.eventTypes.includes(type));
}
