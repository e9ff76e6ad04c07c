import { type AnyAggregate, asStored, EventCatalog, type NewEvent, replay } from '@leftfold/core';

/**
 * Folds events into a state, with their data as a replay from the log has it.
 *
 * @throws UnknownEventError, InvalidEventError when an event belongs to another aggregate, or its data does not match
 * its schema.
 */
export function stateAfter(aggregate: AnyAggregate, events: readonly NewEvent[], from: unknown): unknown {
  const catalog = new EventCatalog([aggregate.events]);
  const history = events.map((event) => ({ type: event.type, data: asStored(catalog.payloadOf(event)) }));
  return replay(aggregate, history, from);
}
