import type { Transport } from '@leftfold/messaging';
import { postgresQueue } from '@leftfold/messaging-postgres';
import { rabbitmq } from '@leftfold/messaging-rabbitmq';
import { type PublisherName, subscribers } from './subscribers.ts';

/** Queues of each consumer in RabbitMQ: a service is one process. */
export const RABBITMQ_QUEUES = 1;

/** Of a run. */
export const exchangeOf = (run: string, publisher: PublisherName): string => `${run}.${publisher}`;

/** Where the messages of a service are: in RabbitMQ, or in a queue in tables. */
export function transportOf(publisher: PublisherName): Transport {
  const {
    RABBITMQ_URL: rabbitmqUrl = '',
    BOOKING_QUEUE_URL: url,
    BOOKING_RUN: run = 'booking',
  } = process.env;
  const consumers = subscribers[publisher];
  if (rabbitmqUrl === '') return postgresQueue({ url, queue: publisher, consumers, invisibleMs: 2_000 });
  const exchange = exchangeOf(run, publisher);
  return rabbitmq({ url: rabbitmqUrl, exchange, consumers, queues: RABBITMQ_QUEUES });
}
