import { type AnyEventGroup, InvalidArgumentError } from '@leftfold/core';
import { assertGiven, holds, type OptionNames } from '@leftfold/core/input';
import { Consumer } from './consumer.ts';
import { type ConsumerOptions, partNames, toConsumerSettings, toInboxSettings } from './consumer-options.ts';

const optionNames: OptionNames<ConsumerOptions> = {
  ...partNames,
  database: true,
  schema: true,
  preparedStatements: true,
};

/**
 * Creates a consumer of the messages that relays of other services publish, for a service without a log. It makes no
 * connection until `start()` or another method is called. An app has its consumers by `defineConsumer`.
 *
 * Each message is handled once, in the order of its key: the inbox, two tables beside those of the handlers, remembers the
 * last message of each key in the handler's own transaction. A message is acknowledged when that is committed, or when the
 * message is set aside durably: because it failed, or one before it is missing.
 *
 * @example
 * ```ts
 * await using shipping = createConsumer({
 *   name: 'shipping',
 *   transport: rabbitmq({ url, exchange: 'orders' }),
 *   sources: ['/shop/orders'],
 *   messages: [orderMessages],
 *   database: { connectionString },
 *   on: {
 *     'orders.placed': ({ data, key }) =>
 *       sql`insert into parcels (order_id, address) values (${key}, ${data.address})`,
 *   },
 * });
 * await shipping.start();
 * ```
 *
 * @throws InvalidNameError when the name is empty, too long, or has "+"
 * @throws InvalidArgumentError when an option is missing, out of range or misspelt
 * @throws DuplicateDefinitionError when two messages have one type
 * @throws DatabaseNotConfiguredError when `database` has neither `connectionString` nor `pool`
 */
export function createConsumer<const TGroups extends readonly AnyEventGroup[]>(
  options: ConsumerOptions<TGroups>,
): Consumer {
  if (holds(() => (options as { readonly kind?: unknown }).kind === 'consumer'))
    throw new InvalidArgumentError(
      'options',
      'is a consumer of an app, made by defineConsumer(...); give it to createApp({ consumers: [...] }), or give createConsumer what defineConsumer got, with `database`',
    );
  assertGiven('options', options, optionNames);
  return new Consumer(toConsumerSettings(options, TRANSACTION_MS), toInboxSettings(options), undefined);
}

/** Default of {@link ConsumerOptions.transactionMs}. */
const TRANSACTION_MS = 10;
