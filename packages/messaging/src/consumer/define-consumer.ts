import type { AnyCommand, AnyEventGroup } from '@leftfold/core';
import { assertGiven, holds, notDefinition, type OptionNames, reading } from '@leftfold/core/input';
import { assertTransport } from '../relay/define-relay.ts';
import type { AppMessageContext, MessageOfType, MessageType } from './consumed-message.ts';
import {
  type ConsumerParts,
  type ConsumerSettings,
  partNames,
  toConsumerSettings,
} from './consumer-options.ts';

/** Options of {@link defineConsumer}. */
export interface ConsumerDefinitionOptions<
  TGroups extends readonly AnyEventGroup[] = readonly AnyEventGroup[],
> extends ConsumerParts<TGroups, AppMessageContext> {
  /**
   * The command, or the commands, that a message becomes, by message type; `[]` for none. Each is executed once. One that is
   * rejected fails the message. To go on after a rejection, or to give it metadata that the app requires, execute it in
   * `on`.
   */
  readonly commands?: {
    readonly [TType in MessageType<TGroups>]?: (
      message: MessageOfType<TGroups, TType>,
    ) => AnyCommand | readonly AnyCommand[];
  };
}

/** A consumer of an app. Made by {@link defineConsumer}. */
export interface ConsumerDefinition extends ConsumerSettings {
  readonly kind: 'consumer';
}

const optionNames: OptionNames<ConsumerDefinitionOptions> = { ...partNames, commands: true };

/**
 * Defines a consumer for an app: what happens in the app when another service publishes a message. The app has the
 * database: the inbox is in it, and `tx` of a handler writes to it.
 *
 * @example
 * ```ts
 * export const orderInbox = defineConsumer({
 *   name: 'shipping',
 *   transport: rabbitmq({ url, exchange: 'orders' }),
 *   sources: ['/shop/orders'],
 *   messages: [orderMessages],
 *   commands: {
 *     'orders.placed': ({ data }) => parcel.command.pack(data.orderId, { address: data.address }),
 *   },
 * });
 * const app = await createApp({ aggregates: [parcel], consumers: [orderInbox] });
 * ```
 *
 * @throws InvalidNameError when the name is empty, too long, or has "+"
 * @throws InvalidArgumentError when an option is missing, out of range or misspelt
 */
export function defineConsumer<const TGroups extends readonly AnyEventGroup[]>(
  options: ConsumerDefinitionOptions<TGroups>,
): ConsumerDefinition {
  assertGiven('options', options, optionNames);
  return { kind: 'consumer', ...toConsumerSettings(options, 0) };
}

/** @throws InvalidArgumentError when a value is no consumer of an app */
export function assertConsumer(argument: string, value: unknown): asserts value is ConsumerDefinition {
  const given = value as ConsumerDefinition;
  if (!holds(() => given.kind === 'consumer' && typeof given.handlerOf === 'function'))
    throw notDefinition('a consumer, made by defineConsumer(...)', argument, value);
  assertTransport(
    `${argument}.transport`,
    reading(argument, () => given.transport),
  );
}
