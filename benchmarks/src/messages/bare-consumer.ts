import type { Channel, ConsumeMessage } from 'amqplib';
import pg from 'pg';
import type { Workload } from '../run/workload.ts';
import { effectsTable, type Effects } from './effects.ts';
import { messagesOf } from './language.ts';
import { connect, openExchange, queuesOf } from './rabbitmq-exchange.ts';

/** Handlers that run at one time: the default of a consumer. */
const CONCURRENCY = 10;
/** Messages that are not acknowledged: the default of a consumer. */
const PREFETCH = 100;

/** Consumes, inserts and acknowledges by hand: a message that comes twice has its effect twice. */
export function bareConsumer(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      await using _ = await openExchange(); // fails here when there is no broker
      const database = await server.createDatabase();
      return {
        async run({ messages: count }) {
          await using exchange = await openExchange();
          const publisher = await exchange.transport.openPublisher();
          await publisher.publish(messagesOf(count), new AbortController().signal);
          await publisher.close();
          await using effects = await effectsTable(database, count);
          await using connection = await connect(exchange.url);
          const channel = await connection.model.createChannel();
          // Quorum queues have no limit over all consumers of a channel.
          await channel.prefetch(Math.ceil(PREFETCH / queuesOf(exchange.name).length));
          const pool = new pg.Pool({ connectionString: database.connectionString, max: CONCURRENCY });
          const started = performance.now();
          const queues = queuesOf(exchange.name);
          await Promise.all(
            queues.map((queue) =>
              channel.consume(queue, (message) => {
                if (message !== null) void handle(channel, pool, message, effects);
              }),
            ),
          );
          await effects.all;
          const seconds = (performance.now() - started) / 1_000;
          await channel.close();
          await pool.end();
          return { perSecond: count / seconds };
        },
        teardown: () => database.drop(),
      };
    },
  };
}

const text = 'insert into effects (key, position, cents) values ($1, $2, $3)';

async function handle(
  channel: Channel,
  pool: pg.Pool,
  message: ConsumeMessage,
  effects: Effects,
): Promise<void> {
  const { cents } = JSON.parse(message.content.toString()) as { readonly cents: number };
  const headers = message.properties.headers ?? {};
  const values = [headers['cloudEvents_partitionkey'], Number(headers['cloudEvents_sequence']), cents];
  await pool.query({ name: 'effect', text, values });
  channel.ack(message);
  effects.happened();
}
