import { InvalidDefinitionError, InvalidEventError, storedTypesOf, UnknownEventError } from '@leftfold/core';
import { holds, shownName } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { storedKey } from '@leftfold/subscriptions';
import { sequenceOf } from '../envelope/sequence.ts';
import { type PublishedKey, readSomePublished } from '../sql/published-keys.ts';
import type { AnyRelay } from './define-relay.ts';

/** Messages whose keys are compared: a function that is another one differs for most events. */
const COMPARED = 20;

/**
 * Compares the keys of some messages that were published with those that their events have now. What is published is known
 * by key, and each slice has the keys that are its own: with other keys, messages that were not published would be left out.
 *
 * @throws InvalidDefinitionError when one differs
 */
export async function assertSameKeys(relay: AnyRelay, store: PostgresEventStore): Promise<void> {
  for (const published of await readSomePublished(store, relay.name, COMPARED)) {
    const key = await keyNow(relay, store, published);
    if (key === undefined || key === published.key) continue;
    throw new InvalidDefinitionError(
      `relay "${relay.name}" has published the event at position ${Number.parseInt(published.sequence, 10)} with key ${shownName(published.key)}, and its option \`key\` gives ${shownName(key)} for it now: messages could be left out; give it the former function, or give the relay another name and another source`,
    );
  }
}

/** @returns undefined when the event cannot be read any more, or has no key */
async function keyNow(
  relay: AnyRelay,
  store: PostgresEventStore,
  { sequence }: PublishedKey,
): Promise<string | undefined> {
  const position = Number.parseInt(sequence, 10);
  const types = storedTypesOf(relay.events, relay.eventTypes);
  const at = { filter: { types }, after: position - 1, untilPosition: position };
  let key: string | undefined;
  try {
    for await (const event of store.readAll(at))
      if (sequenceOf(event) === sequence) holds(() => (key = storedKey(relay.keyOf(event))) !== undefined);
  } catch (error) {
    if (!(error instanceof UnknownEventError || error instanceof InvalidEventError)) throw error;
  }
  return key;
}
