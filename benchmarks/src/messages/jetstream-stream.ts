import { randomBytes } from 'node:crypto';
import { jetstream } from '@leftfold/messaging-nats';
import { jetstreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import { brokerUrl } from './brokers.ts';
import type { Topic } from './leftfold-relay.ts';
import { CONSUMER } from './rabbitmq-exchange.ts';

/** As many as the transport has by default. */
export const PARTITIONS = 8;

/** A stream of one repetition. */
export interface BenchStream extends Topic {
  readonly name: string;
  readonly connection: NatsConnection;
}

/** Declares it as the transport does. Disposing of it deletes it. */
export async function openStream(): Promise<BenchStream> {
  const servers = brokerUrl('NATS_URL');
  const name = `leftfold-bench-${randomBytes(6).toString('hex')}`;
  const transport = jetstream({ servers, stream: name, partitions: PARTITIONS, consumers: [CONSUMER] });
  const publisher = await transport.openPublisher();
  await publisher.close();
  const connection = await connect({ servers });
  return {
    name,
    connection,
    transport,
    async [Symbol.asyncDispose]() {
      const manager = await jetstreamManager(connection);
      await manager.streams.delete(name);
      await connection.close();
    },
  };
}
