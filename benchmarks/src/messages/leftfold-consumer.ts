import { type Consumer, createConsumer, type Transport } from '@leftfold/messaging';
import type { BenchDatabase } from '../server/database-server.ts';
import type { Workload } from '../run/workload.ts';
import { effectsTable } from './effects.ts';
import { accountMessages, messagesOf, SOURCE } from './language.ts';
import { CONSUMER, openExchange } from './rabbitmq-exchange.ts';

type EffectsTables = {
  effects: { key: string; position: number; cents: number };
};

/**
 * Handles the same messages by a consumer with its inbox: each has its effect once.
 *
 * @param options.awaits whether the handler awaits its statement. @default false: it returns it
 */
export function leftfoldConsumer(name: string, { awaits = false } = {}): Workload {
  return {
    name,
    async setup({ server }) {
      await using _ = await openExchange(); // fails here when there is no broker
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ messages: count }) {
          number += 1;
          await using exchange = await openExchange();
          const publisher = await exchange.transport.openPublisher();
          await publisher.publish(messagesOf(count), new AbortController().signal);
          await publisher.close();
          await using effects = await effectsTable(database, count);
          await using consumer = insertingConsumer(database, exchange.transport, {
            schema: `inbox_${number}`,
            awaits,
            onAcknowledged: effects.happened,
          });
          await consumer.migrate();
          const started = performance.now();
          await consumer.start();
          await effects.all;
          return { perSecond: (count / (performance.now() - started)) * 1_000 };
        },
        teardown: () => database.drop(),
      };
    },
  };
}

interface InsertingOptions {
  readonly schema: string;
  /** Called for each message that is done with. */
  readonly onAcknowledged: () => void;
  /** Whether the handler awaits its statement. @default false: it returns it */
  readonly awaits?: boolean;
}

/** A consumer that inserts a row for each message. */
export function insertingConsumer(
  { connectionString }: BenchDatabase,
  transport: Transport,
  { schema, onAcknowledged, awaits = false }: InsertingOptions,
): Consumer {
  return createConsumer({
    name: CONSUMER,
    transport: {
      ...transport,
      openReceiver: ({ onDelivery, ...options }) =>
        transport.openReceiver({
          ...options,
          onDelivery: (delivery) =>
            onDelivery({
              ...delivery,
              acknowledge: () => {
                delivery.acknowledge();
                onAcknowledged();
              },
            }),
        }),
    },
    sources: [SOURCE],
    messages: [accountMessages],
    database: { connectionString },
    schema,
    on: {
      'accounts.deposited': ({ key, sequence, data: { cents } }, { tx }) => {
        const insert = tx
          .withTables<EffectsTables>()
          .insertInto('effects')
          .values({ key, position: Number(sequence), cents });
        return awaits ? insert.execute() : insert;
      },
    },
  });
}
