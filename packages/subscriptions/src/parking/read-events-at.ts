import type { RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';

/** Statements that are in flight at one time. */
const AT_ONCE = 10;

type RunStatement = <TResult>(work: () => Promise<TResult>) => Promise<TResult>;

/**
 * Reads stored events by their positions, through their upcasts. One of a retired type is read as several events, or
 * as none.
 *
 * @param types of the stored events, as the subscription reads them
 * @param options.run runs each statement. @default at once
 * @throws UnknownEventError, InvalidEventError
 */
export async function readEventsAt(
  store: PostgresEventStore,
  types: readonly string[],
  positions: readonly number[],
  { run = (work) => work() }: { readonly run?: RunStatement } = {},
): Promise<readonly RecordedEvent[]> {
  const read = async (position: number) =>
    (await run(() => store.readPage({ after: position - 1, upTo: position, limit: 1, filter: { types } })))
      .events;
  const events: RecordedEvent[] = [];
  for (let first = 0; first < positions.length; first += AT_ONCE) {
    const pages = await Promise.all(positions.slice(first, first + AT_ONCE).map(read));
    events.push(...pages.flat());
  }
  return events;
}
