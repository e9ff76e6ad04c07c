import { connect } from 'amqplib';
import { type PublisherName, subscribers } from '../service/subscribers.ts';
import { exchangeOf, RABBITMQ_QUEUES } from '../service/transport.ts';

/** Deletes what the transports of a run have declared at RabbitMQ, when it is disposed of. */
export function exchangesOf(run: string, rabbitmqUrl: string): AsyncDisposable {
  return {
    [Symbol.asyncDispose]: async () => {
      const connection = await connect(rabbitmqUrl);
      const channel = await connection.createChannel();
      for (const [publisher, consumers] of Object.entries(subscribers)) {
        // Sound: the keys of the table.
        const exchange = exchangeOf(run, publisher as PublisherName);
        for (const consumer of consumers) {
          for (let queue = 0; queue < RABBITMQ_QUEUES; queue += 1)
            await channel.deleteQueue(`${exchange}/${consumer}/${queue}`);
          await channel.deleteQueue(`${exchange}/${consumer}/receivers`);
          await channel.deleteExchange(`${exchange}/${consumer}`);
        }
        await channel.deleteQueue(`${exchange}/check`);
        await channel.deleteExchange(exchange);
      }
      await connection.close();
    },
  };
}
