import type { RecordedEvent } from '@leftfold/core';
import type { LogPage, PostgresEventStore } from '@leftfold/event-store';

/** Statements that are in flight at one time. */
const AT_ONCE = 10;

type RunStatement = <TResult>(work: () => Promise<TResult>) => Promise<TResult>;

/** What is read at once of the events of parked keys: one more stored event may exceed it. */
const MOST_EVENTS = 1_000;
const MOST_MEMORY = 4 * 1024 * 1024;

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
  options: { readonly run?: RunStatement } = {},
): Promise<readonly RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for await (const page of pagesAt(store, types, positions, options)) events.push(...page.events);
  return events;
}

/**
 * The same for as many of the positions, from the first one on, as have 1,000 events or 4 MB.
 *
 * @returns the events, and the last position whose events they contain
 */
export async function readFirstAt(
  store: PostgresEventStore,
  types: readonly string[],
  positions: readonly number[],
  options: { readonly run?: RunStatement } = {},
): Promise<{ readonly events: readonly RecordedEvent[]; readonly through: number }> {
  const events: RecordedEvent[] = [];
  let memory = 0;
  let through = 0;
  for await (const page of pagesAt(store, types, positions, options)) {
    for (const event of page) events.push(event);
    memory += page.memory;
    through = page.position;
    if (events.length >= MOST_EVENTS || memory >= MOST_MEMORY) break;
  }
  return { events, through };
}

async function* pagesAt(
  store: PostgresEventStore,
  types: readonly string[],
  positions: readonly number[],
  { run = (work) => work() }: { readonly run?: RunStatement },
): AsyncGenerator<LogPage, void, undefined> {
  const read = (position: number) =>
    run(() => store.readPage({ after: position - 1, upTo: position, limit: 1, filter: { types } }));
  for (let first = 0; first < positions.length; first += AT_ONCE)
    yield* await Promise.all(positions.slice(first, first + AT_ONCE).map(read));
}
