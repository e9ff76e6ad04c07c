import type { Transport } from '@leftfold/messaging';
import { AmqpConnection } from './amqp-connection.ts';
import { type RabbitmqOptions, rabbitmqSettings } from './rabbitmq-options.ts';
import { RabbitmqPublisher } from './rabbitmq-publisher.ts';
import { RabbitmqReceiver } from './rabbitmq-receiver.ts';

/**
 * A transport on RabbitMQ 3.10 or newer: quorum queues, which keep what was confirmed when a server is killed. Each consumer
 * gets each message, in the order of its key, once or more.
 *
 * @throws InvalidArgumentError, InvalidNameError when an option is none, or is missing.
 *
 * @example
 * ```ts
 * const transport = rabbitmq({ url, exchange: 'orders', consumers: ['billing'] });
 * ```
 */
export function rabbitmq(options: RabbitmqOptions): Transport {
  const settings = rabbitmqSettings(options);
  const name = `rabbitmq exchange "${settings.exchange}"`;
  /** Opens something on a connection of its own, which is closed if that fails. */
  const onConnection = async <TOpened>(open: (connection: AmqpConnection) => Promise<TOpened>) => {
    const connection = await AmqpConnection.open(settings, name);
    try {
      return await open(connection);
    } catch (error) {
      await connection.close([]);
      throw error;
    }
  };
  return {
    name,
    openPublisher: () => onConnection((connection) => RabbitmqPublisher.open(connection)),
    openReceiver: (receiver) => onConnection((connection) => RabbitmqReceiver.open(connection, receiver)),
  };
}
