import { asStored, type NewEvent } from '@leftfold/core';
import { type AnyRelay, assertRelay, toCloudEvent } from '@leftfold/messaging';
import { assertSame } from '../given/assert-same.ts';
import { type GivenEvent, givenEvents } from '../given/given-events.ts';
import { readBy } from '../given/read-by.ts';
import { type GivenMessage, type PlacedMessage, toPlacedMessages } from './placed-message.ts';

/** What a relay makes of events, with an assertion. */
export interface Relayed {
  /** The messages, in their order, with key, source and time: what a test of a consumer takes. */
  readonly messages: readonly Required<PlacedMessage>[];
  /**
   * Compares types, versions and data; and keys, where the expected message has one, as {@link ofKey} gives it.
   *
   * @throws AssertionError when it published other messages, or in another order
   */
  thenMessages(expected: readonly GivenMessage[]): void;
}

/**
 * Tests a relay without a broker and a database: what it publishes of events, as `givenEvents` takes them.
 *
 * ```ts
 * relayed(ordersOut, [inStream('order-o-1', opened, cancelled)]).thenMessages([
 *   ofKey('order-o-1', orderMessages.create.cancelled({ orderId: 'o-1' })),
 * ]);
 * ```
 *
 * What it publishes can be given to a consumer of another service:
 * `givenMessages(relayed(ordersOut, events).messages).consume(orderInbox)`.
 *
 * @throws InvalidArgumentError when it is no relay, or one is no event
 * @throws InvalidEventError when an event's data does not match the relay's definition
 * @throws what `key` or `map` throws; UnknownEventError, InvalidEventError for a message that is none of the language
 */
export function relayed(relay: AnyRelay, events: readonly GivenEvent[]): Relayed {
  assertRelay('relay', relay);
  const messages = readBy(relay, givenEvents(events).recorded).flatMap((event) => {
    const { source, mode } = relay;
    const key = relay.keyOf(event); // also of an event that is not published
    const message = relay.messageOf(event);
    if (message === undefined) return [];
    const { id } = toCloudEvent(message, { event, source, key, previous: undefined, lineage: 'test' }, mode);
    return [{ message: { ...message, id }, key, source, time: event.recordedAt }];
  });
  function thenMessages(expected: readonly GivenMessage[]): void {
    const wanted = toPlacedMessages(expected);
    assertSame(
      messages.map(({ message, key }, index) =>
        plainOf(message, wanted[index]?.key === undefined ? {} : { key }),
      ),
      wanted.map(({ message, key }) => plainOf(message, key === undefined ? {} : { key })),
      `relay "${relay.name}" published other messages`,
      thenMessages,
    );
  }
  return { messages, thenMessages };
}

function plainOf({ type, schemaVersion, data }: NewEvent, place: { readonly key?: string }) {
  return { ...place, type, schemaVersion, data: asStored(data) };
}
