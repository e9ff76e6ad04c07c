import { type AnyAggregate, asStored, EventCatalog, type NewEvent, replay } from '@leftfold/core';

/**
 * The state that events lead to, as a replay from the log would.
 *
 * @throws UnknownEventError, InvalidEventError when an event is none of the aggregate's, or its data does not fit.
 */
export function stateAfter(aggregate: AnyAggregate, events: readonly NewEvent[], from: unknown): unknown {
  const catalog = new EventCatalog([aggregate.events]);
  const history = events.map((event) => ({ type: event.type, data: asStored(catalog.payloadOf(event)) }));
  return replay(aggregate, history, from);
}
