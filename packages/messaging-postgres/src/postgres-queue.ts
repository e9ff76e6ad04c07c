import type { Transport } from '@leftfold/messaging';
import { OpenQueue } from './open-queue.ts';
import { type PostgresQueueOptions, queueSettings } from './queue-options.ts';
import { QueuePublisher } from './queue-publisher.ts';
import { QueueReceiver } from './queue-receiver.ts';

/**
 * A transport on tables of a PostgreSQL database: for services that have no broker. The database may be that of one of the
 * services, or another one. Each consumer gets each message, in the order of its key, once or more.
 *
 * @throws InvalidArgumentError, InvalidNameError when an option is none, or is missing.
 *
 * @example
 * ```ts
 * const transport = postgresQueue({ url, queue: 'orders', consumers: ['billing'] });
 * ```
 */
export function postgresQueue(options: PostgresQueueOptions): Transport {
  const settings = queueSettings(options);
  const name = `postgres queue "${settings.queue}"`;
  const open = async (consumers: readonly string[]) => {
    const queue = new OpenQueue(settings, name);
    try {
      await queue.prepare([...settings.consumers, ...consumers]);
      return queue;
    } catch (error) {
      await queue.close();
      throw error;
    }
  };
  return {
    name,
    openPublisher: async () => new QueuePublisher(await open([])),
    openReceiver: async (receiver) => new QueueReceiver(await open([receiver.consumer]), receiver),
  };
}
