import { InvalidArgumentError } from '@leftfold/core';
import { assertConsumer, type ConsumerDefinition } from '@leftfold/messaging';
import { consume, type Consumed, type ConsumeOptions } from './consumed.ts';
import { type GivenMessage, toPlacedMessages } from './placed-message.ts';

/** Messages of another service, in the order in which they come. */
export interface GivenMessages {
  /**
   * Calls the consumer's handlers for the messages, one after another. Their commands are collected, and not executed.
   *
   * A message that fails is parked at once, and those of its key that follow are not handled.
   *
   * @throws InvalidArgumentError when it is no consumer, or a message has a source that it does not take
   */
  consume(consumer: ConsumerDefinition, options?: ConsumeOptions): Promise<Consumed>;
}

/**
 * Starts a test of a consumer of an app, without a broker and a database: the messages that it receives.
 *
 * ```ts
 * const { placed } = orderMessages.create;
 * const consumed = await givenMessages([placed({ orderId: 'o-1', cents: 5 })]).consume(ordersIn(transport));
 * consumed.thenCommands([parcel.command.pack('o-1', { cents: 5 })]);
 * ```
 *
 * The transport of the consumer is not used. Messages without an id get `message-<number>`.
 *
 * @throws InvalidArgumentError when one is no message
 */
export function givenMessages(messages: readonly GivenMessage[]): GivenMessages {
  const placed = toPlacedMessages(messages);
  return {
    async consume(consumer, options = {}) {
      assertConsumer('consumer', consumer);
      for (const { source } of placed)
        if (source !== undefined && !consumer.sources.has(source))
          throw new InvalidArgumentError(
            'messages',
            `have one of source "${source}", which consumer "${consumer.name}" does not take; add it to its sources`,
          );
      return consume(consumer, placed, options);
    },
  };
}
