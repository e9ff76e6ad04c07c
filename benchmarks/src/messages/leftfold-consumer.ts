import { type Consumer, createConsumer, type Transport } from '@leftfold/messaging';
import type { BenchDatabase } from '../server/database-server.ts';
import type { Workload } from '../run/workload.ts';
import { effectsTable } from './effects.ts';
import { accountMessages, messagesOf, SOURCE } from './language.ts';
import { CONSUMER, openExchange } from './rabbitmq-exchange.ts';

type EffectsTables = {
  effects: { key: string; position: number; cents: number };
};

/** Handles the same messages by a consumer with its inbox: each has its effect once. */
export function leftfoldConsumer(name: string): Workload {
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

/** A consumer that inserts a row for each message. @param onAcknowledged called for each message that is done with */
export function insertingConsumer(
  { connectionString }: BenchDatabase,
  transport: Transport,
  { schema, onAcknowledged }: { readonly schema: string; readonly onAcknowledged: () => void },
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
      'accounts.deposited': async ({ key, sequence, data: { cents } }, { tx }) => {
        await tx
          .withTables<EffectsTables>()
          .insertInto('effects')
          .values({ key, position: Number(sequence), cents })
          .execute();
      },
    },
  });
}
