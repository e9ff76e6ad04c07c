import type { Transport } from '@leftfold/messaging';
import { declareConsumer } from './declare-consumer.ts';
import { declareStream } from './declare-stream.ts';
import { JetStreamConnection } from './jetstream-connection.ts';
import { jetstreamSettings, type JetStreamTransportOptions } from './jetstream-options.ts';
import { StreamPublisher } from './stream-publisher.ts';
import { StreamReceiver } from './stream-receiver.ts';

/**
 * A transport on a stream of NATS JetStream, from server version 2.9 on. The stream has a message once, however often it
 * is published, for as long as it keeps it. Each consumer gets each message, once or more.
 *
 * @throws InvalidArgumentError when an option is none, or is missing.
 *
 * @example
 * ```ts
 * const transport = jetstream({
 *   servers: 'nats://127.0.0.1:4222',
 *   stream: 'orders',
 *   consumers: ['billing'],
 *   replicas: 3,
 * });
 * ```
 */
export function jetstream(options: JetStreamTransportOptions): Transport {
  const settings = jetstreamSettings(options);
  const name = `nats stream "${settings.stream}"`;
  const open = async <TOpened>(begin: (connection: JetStreamConnection) => Promise<TOpened>) => {
    const connection = await JetStreamConnection.open(settings, name);
    try {
      return await connection.asTransport(async () => {
        await declareStream(connection);
        for (const consumer of settings.consumers) await declareConsumer(connection, consumer);
        return begin(connection);
      });
    } catch (error) {
      await connection.close();
      throw error;
    }
  };
  return {
    name,
    openPublisher: () => open(async (connection) => new StreamPublisher(connection)),
    openReceiver: (receiver) =>
      open(async (connection) => {
        const consumer = await declareConsumer(connection, receiver.consumer);
        return new StreamReceiver(connection, consumer, receiver);
      }),
  };
}
