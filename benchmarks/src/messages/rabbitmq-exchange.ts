import { randomBytes } from 'node:crypto';
import { rabbitmq } from '@leftfold/messaging-rabbitmq';
import type { Transport } from '@leftfold/messaging';
import amqp, { type ChannelModel } from 'amqplib';
import { brokerUrl } from './brokers.ts';

export const CONSUMER = 'bench';
/** As many as the transport has by default. */
const QUEUES = 8;

/** An exchange of one repetition, with the queues of one consumer. */
export interface Exchange extends AsyncDisposable {
  readonly name: string;
  readonly url: string;
  readonly transport: Transport;
}

/** Declares it as the transport does. Disposing of it deletes it. */
export async function openExchange(): Promise<Exchange> {
  const url = brokerUrl('RABBITMQ_URL');
  const name = `leftfold-bench-${randomBytes(6).toString('hex')}`;
  const transport = rabbitmq({ url, exchange: name, queues: QUEUES, consumers: [CONSUMER] });
  const publisher = await transport.openPublisher();
  await publisher.close();
  return {
    name,
    url,
    transport,
    async [Symbol.asyncDispose]() {
      await using connection = await connect(url);
      const channel = await connection.model.createChannel();
      for (const queue of queuesOf(name)) await channel.deleteQueue(queue);
      for (const queue of [`${name}/${CONSUMER}/receivers`, `${name}/check`])
        await channel.deleteQueue(queue);
      for (const exchange of [`${name}/${CONSUMER}`, name]) await channel.deleteExchange(exchange);
    },
  };
}

/** The queues of the consumer. */
export function queuesOf(exchange: string): readonly string[] {
  return Array.from({ length: QUEUES }, (_, index) => `${exchange}/${CONSUMER}/${index}`);
}

/** A connection that ends when it is disposed of. */
export async function connect(url: string): Promise<AsyncDisposable & { readonly model: ChannelModel }> {
  const model = await amqp.connect(url);
  return { model, [Symbol.asyncDispose]: () => model.close() };
}
