import type { OutgoingMessage } from '@leftfold/messaging';
import type { ConfirmChannel } from 'amqplib';
import type { Workload } from '../run/workload.ts';
import { keepSending } from './keep-sending.ts';
import { messagesOf } from './language.ts';
import { connect, openExchange } from './rabbitmq-exchange.ts';

/** Publishes the same messages by the client alone: persistent, mandatory and confirmed, many at one time. */
export function bareRabbitmq(name: string): Workload {
  return {
    name,
    async setup() {
      await using _ = await openExchange(); // fails here when there is no broker
      return {
        async run({ messages: count }) {
          const messages = messagesOf(count);
          await using exchange = await openExchange();
          await using connection = await connect(exchange.url);
          const channel = await connection.model.createConfirmChannel();
          const returned: string[] = [];
          channel.on('return', ({ properties }) => returned.push(String(properties.messageId)));
          const perSecond = await keepSending(messages, (message) => send(channel, exchange.name, message));
          if (returned.length > 0) throw new Error(`${returned.length} messages reached no queue`);
          return { perSecond };
        },
        teardown: async () => {},
      };
    },
  };
}

/** Resolves when the broker has it. */
function send(channel: ConfirmChannel, exchange: string, message: OutgoingMessage): Promise<void> {
  const { id, key, attributes, body, contentType } = message;
  const headers = Object.fromEntries(
    Object.entries(attributes).map(([attribute, value]) => [`cloudEvents_${attribute}`, value]),
  );
  // Any of the buckets of the transport: all messages of a key have one.
  const bucket = String(Number(key.slice(key.indexOf('-') + 1)) % 64);
  return new Promise((resolve, reject) => {
    channel.publish(
      exchange,
      bucket,
      Buffer.from(body),
      { persistent: true, mandatory: true, contentType, messageId: id, headers },
      (error: unknown) => (error == null ? resolve() : reject(new Error('not confirmed', { cause: error }))),
    );
  });
}
