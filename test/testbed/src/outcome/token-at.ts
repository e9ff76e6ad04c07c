import { type EventStore, type LogToken, tokenOf } from '@leftfold/core';

/** The token of the event at a position of a log. @throws RangeError when the log has none there, or not yet */
export async function tokenAt(store: Pick<EventStore, 'readAll'>, position: number): Promise<LogToken> {
  for await (const event of store.readAll({ after: position - 1, limit: 1 }))
    if (event.position === position) return tokenOf(event);
  throw new RangeError(`the log has no event at position ${position}`);
}
