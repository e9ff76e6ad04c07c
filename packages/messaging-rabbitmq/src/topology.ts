import { hash } from 'node:crypto';
import { TransportRefusedError } from '@leftfold/core';
import { shownName } from '@leftfold/core/input';
import type { Channel } from 'amqplib';
import type { AmqpConnection } from './amqp-connection.ts';
import { brokerText, codeOf, PRECONDITION_FAILED } from './amqp-error.ts';
import { BUCKETS, type RabbitmqSettings } from './rabbitmq-options.ts';

/** Longest name of AMQP. */
const MAX_NAME = 255;

/**
 * RabbitMQ 4 drops a message that was delivered more often than a limit, 20 by default. -1 lifts the limit there, and means
 * 0 to RabbitMQ 3: so it is a number that is never reached, and the same for both, since an upgrade leaves queues as they are.
 */
const DELIVERY_LIMIT = 2 ** 31 - 1;

/** Which part of the keys a key is in: the routing key of its messages. The first byte of its SHA-256, modulo 64. */
export function bucketOf(key: string): number {
  return hash('sha256', key, 'buffer')[0]! % BUCKETS;
}

/** The exchange of a consumer, between that of the transport and its queues. */
function consumerExchange({ exchange }: RabbitmqSettings, consumer: string): string {
  return `${exchange}/${encodeURIComponent(consumer)}`;
}

/** Names of the queues of a consumer. */
export function queuesOf(settings: RabbitmqSettings, consumer: string): readonly string[] {
  const exchange = consumerExchange(settings, consumer);
  return Array.from({ length: settings.queues }, (_, index) => `${exchange}/${index}`);
}

/** A queue that gets no messages: each receiver of a consumer reads it, so that they can be counted. */
export function receiversQueue(settings: RabbitmqSettings, consumer: string): string {
  return `${consumerExchange(settings, consumer)}/receivers`;
}

/** The queues that get the messages of a bucket, of the consumers that are named, as far as that is known here. */
export function targetsOf(settings: RabbitmqSettings, bucket: number): readonly string[] {
  if (settings.distribution !== 'buckets') return [];
  return settings.consumers.map((consumer) => queueOf(queuesOf(settings, consumer), bucket));
}

function queueOf(queues: readonly string[], bucket: number): string {
  return queues[bucket % queues.length]!;
}

/** A queue that holds one message, and that nothing is consumed from. */
export function checkQueue({ exchange }: RabbitmqSettings): string {
  return `${exchange}/check`;
}

/**
 * Declares the exchange and the queues of consumers, as far as they are not there.
 *
 * An exchange passes each message on to one exchange for each consumer, and that passes it on to one of its queues, by
 * the bucket of its key. A consumer is connected last, so that it has all of its queues before its first message.
 *
 * @throws TransportRefusedError when one is there and different
 */
export async function declareTopology(
  connection: AmqpConnection,
  consumers: readonly string[],
): Promise<void> {
  const { settings } = connection;
  const channel = await connection.channel();
  const { exchange } = settings;
  await declare(connection, `exchange "${exchange}"`, () =>
    channel.assertExchange(exchange, 'fanout', { durable: true }),
  );
  await declareQueue(connection, channel, checkQueue(settings), { 'x-max-length': 1 });
  for (const consumer of consumers) await declareConsumer(connection, channel, consumer);
  await connection.answer('a channel was not closed', () => channel.close());
}

async function declareConsumer(
  connection: AmqpConnection,
  channel: Channel,
  consumer: string,
): Promise<void> {
  const { settings } = connection;
  const exchange = consumerExchange(settings, consumer);
  const record = numberRecord(settings, consumer);
  if (record.length > MAX_NAME)
    throw new TransportRefusedError(
      connection.name,
      `the name of consumer ${shownName(consumer)} is too long for a queue of RabbitMQ; choose one of 100 characters or less`,
    );
  const buckets = settings.distribution === 'buckets';
  await declare(connection, `exchange "${exchange}"`, () =>
    channel.assertExchange(exchange, buckets ? 'direct' : 'x-consistent-hash', {
      durable: true,
      internal: true,
      alternateExchange: record,
    }),
  );
  const queues = queuesOf(settings, consumer);
  for (const queue of queues)
    await declareQueue(connection, channel, queue, { 'x-single-active-consumer': true });
  await declareQueue(connection, channel, receiversQueue(settings, consumer), {});
  // Of a consistent hash, the routing key of a binding is the weight of the queue.
  const bindings = buckets
    ? Array.from({ length: BUCKETS }, (_, bucket) => [queueOf(queues, bucket), String(bucket)] as const)
    : queues.map((queue) => [queue, '1'] as const);
  for (const [queue, routingKey] of bindings)
    await connection.answer(`queue "${queue}" cannot be bound`, () =>
      channel.bindQueue(queue, exchange, routingKey),
    );
  await connection.answer(`exchange "${exchange}" cannot be bound`, () =>
    channel.bindExchange(exchange, settings.exchange, ''),
  );
}

/**
 * The number of queues, as the alternate exchange of the consumer's exchange. There is none of that name; but RabbitMQ
 * compares it whenever the exchange is declared, and says what it was.
 */
function numberRecord(settings: RabbitmqSettings, consumer: string): string {
  return `${consumerExchange(settings, consumer)}/queues=${settings.queues}`;
}

async function declareQueue(
  connection: AmqpConnection,
  channel: Channel,
  queue: string,
  more: Readonly<Record<string, unknown>>,
): Promise<void> {
  const queueArguments = { 'x-queue-type': 'quorum', 'x-delivery-limit': DELIVERY_LIMIT, ...more };
  await declare(connection, `queue "${queue}"`, () =>
    channel.assertQueue(queue, { durable: true, arguments: queueArguments }),
  );
}

async function declare(connection: AmqpConnection, what: string, ask: () => Promise<unknown>): Promise<void> {
  try {
    await connection.answer(`${what} cannot be declared`, ask);
  } catch (error) {
    throw declaredOtherwise(connection, what, error) ?? error;
  }
}

/** @returns undefined for another error than that of a different declaration */
function declaredOtherwise(
  { name, settings }: AmqpConnection,
  what: string,
  error: unknown,
): Error | undefined {
  const cause = error instanceof Error ? error.cause : undefined;
  const text = brokerText(cause);
  if (settings.distribution === 'consistent-hash' && text.includes('unknown exchange type'))
    return new TransportRefusedError(
      name,
      `the server has no exchanges of type x-consistent-hash; enable its plugin rabbitmq_consistent_hash_exchange, or leave out the option distribution`,
      { cause },
    );
  if (codeOf(cause) !== PRECONDITION_FAILED) return undefined;
  const had = /current is '.*\/queues=(\d+)'/.exec(text)?.[1];
  if (had !== undefined)
    return new TransportRefusedError(
      name,
      `${what} has ${had} queues and not ${settings.queues}: with another number, messages of a key would overtake each other; set the option queues to ${had}, or let the consumer handle all of its messages while none are published, and delete the exchange and its queues`,
      { cause },
    );
  return new TransportRefusedError(
    name,
    `${what} is declared otherwise: ${text}; name another exchange, or delete this one when nothing is left in it`,
    { cause },
  );
}
