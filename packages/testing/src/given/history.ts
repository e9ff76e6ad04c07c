import {
  type AnyAggregate,
  asStoredData,
  copyJson,
  EventCatalog,
  type NewEvent,
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
  const written = new Map(
    aggregate.events.definitions.map((definition) => [definition.type, definition.written.schemaVersion]),
  );
  const recorded = history.flatMap((event) => {
    if (event.schemaVersion === written.get(event.type)) return [asWritten(catalog, event)];
    return catalog.read({ ...event, data: asStoredData(event.type, event.schemaVersion, event.data) }, true);
  });
  return replay(aggregate, recorded);
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

function catalogOf({ name, events }: AnyAggregate): EventCatalog {
  return new EventCatalog([events], `aggregate "${name}"`);
}

function asWritten(catalog: EventCatalog, event: NewEvent) {
  const { type, schemaVersion } = event;
  // As in an application, a state shares nothing with the events that the caller has.
  const data = copyJson(asStoredData(type, schemaVersion, catalog.payloadOf(event)));
  return { type, schemaVersion, data };
}
