import type { Transport } from '@leftfold/messaging';
import { CONSUMER } from './orders.ts';

/** Where a process finds its broker. */
export interface BrokerPlace {
  /** The name of the transport. */
  readonly transport: string;
  readonly urls: readonly string[];
}

/** How long messages of a receiver that died are kept from others. */
const KEPT_MS = 1_500;
/** RabbitMQ looks so often whether the other end is there. */
const HEARTBEAT_SECONDS = 1;
/** Names the queue, or the stream. */
export const QUEUE = 'orders';

const transports: Readonly<Record<string, (urls: readonly string[]) => Promise<Transport>>> = {
  jetstream: async (servers) => {
    const { jetstream } = await import('@leftfold/messaging-nats');
    return jetstream({
      servers,
      stream: QUEUE,
      replicas: 3,
      consumers: [CONSUMER],
      ackWaitMs: 2_000,
      answerMs: 1_000,
    });
  },
  postgres: async ([url]) => {
    const { postgresQueue } = await import('@leftfold/messaging-postgres');
    return postgresQueue({ url, queue: QUEUE, consumers: [CONSUMER], invisibleMs: KEPT_MS });
  },
  rabbitmq: async ([url]) => {
    const { rabbitmq } = await import('@leftfold/messaging-rabbitmq');
    const heartbeat = `${url}?heartbeat=${HEARTBEAT_SECONDS}`;
    return rabbitmq({ url: heartbeat, exchange: QUEUE, consumers: [CONSUMER], answerMs: 4_000 });
  },
  redis: async ([url]) => {
    const { redisStreams } = await import('@leftfold/messaging-redis');
    return redisStreams({ url: url!, stream: QUEUE, consumers: [CONSUMER], leaseMs: KEPT_MS });
  },
};

/** The names of the transports; the first one is the default. */
export const transportNames: readonly [string, ...string[]] = ['postgres', 'rabbitmq', 'jetstream', 'redis'];

/** Only the package of that transport is loaded. */
export async function toTransport({ transport, urls }: BrokerPlace): Promise<Transport> {
  const open = transports[transport];
  if (open === undefined) throw new TypeError(`there is no transport "${transport}"`);
  return await open(urls);
}
