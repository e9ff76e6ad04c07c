import {
  type AnyAggregate,
  asStoredData,
  copyJson,
  EventCatalog,
  type NewEvent,
  type ReadEvent,
  replay,
} from '@leftfold/core';

/**
 * The state after events that a store may have recorded, under any type and schema version that the definitions know.
 *
 * @throws UnknownEventError, InvalidEventError when an event belongs to another aggregate, or its data does not match
 * its schema.
 */
export function stateOf(aggregate: AnyAggregate, history: readonly NewEvent[]): unknown {
  const catalog = catalogOf(aggregate);
  return replay(
    aggregate,
    history.flatMap((event) => readFrom(catalog, event)),
  );
}

/**
 * Folds new events into a state, with their data as a replay from the log has it.
 *
 * @throws UnknownEventError, InvalidEventError when a store would not append an event.
 */
export function stateAfter(aggregate: AnyAggregate, events: readonly NewEvent[], from: unknown): unknown {
  const catalog = catalogOf(aggregate);
  return replay(
    aggregate,
    events.map((event) => asWritten(catalog, event)),
    from,
  );
}

/**
 * What a store reads for an event that it has recorded.
 *
 * @throws UnknownEventError, InvalidEventError when the catalog does not know it, or its data does not match its schema
 */
export function readFrom(catalog: EventCatalog, event: NewEvent): readonly ReadEvent[] {
  const { type, schemaVersion } = event;
  if (schemaVersion === catalog.writtenVersionOf(type)) return [asWritten(catalog, event)];
  return catalog.read({ ...event, data: asStoredData(type, schemaVersion, event.data) }, true);
}

function catalogOf({ name, events }: AnyAggregate): EventCatalog {
  return new EventCatalog([events], `aggregate "${name}"`);
}

function asWritten(catalog: EventCatalog, event: NewEvent) {
  const { type, schemaVersion } = event;
  // As in an application, a state shares nothing with the events that the caller has.
  const data = copyJson(asStoredData(type, schemaVersion, catalog.payloadOf(event), catalog.schemaOf(type)));
  return { type, schemaVersion, data };
}
