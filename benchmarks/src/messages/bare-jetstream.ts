import { jetstream as clientOf } from '@nats-io/jetstream';
import { headers } from '@nats-io/transport-node';
import type { Workload } from '../run/workload.ts';
import { openStream, PARTITIONS } from './jetstream-stream.ts';
import { keepSending } from './keep-sending.ts';
import { messagesOf } from './language.ts';

/** Publishes the same messages by the client alone, many at one time, and waits for each acknowledgement. */
export function bareJetstream(name: string): Workload {
  return {
    name,
    async setup() {
      await using _ = await openStream(); // fails here when there is no broker
      return {
        async run({ messages: count }) {
          const messages = messagesOf(count);
          await using stream = await openStream();
          const client = clientOf(stream.connection);
          const perSecond = await keepSending(messages, ({ id, key, attributes, body }) => {
            const sent = headers();
            for (const [attribute, value] of Object.entries(attributes)) sent.set(`ce-${attribute}`, value);
            // Any of the partitions of the transport: all messages of a key have one.
            const partition = Number(key.slice(key.indexOf('-') + 1)) % PARTITIONS;
            return client.publish(`${stream.name}.message.${partition}.${id}`, body, { headers: sent });
          });
          return { perSecond };
        },
        teardown: async () => {},
      };
    },
  };
}
