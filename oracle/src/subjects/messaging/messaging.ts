import { createEventStore } from '@leftfold/event-store';
import { createConsumer, createRelayRunner } from '@leftfold/messaging';
import { TcpProxy } from '@leftfold/testbed/faults';
import { withClient } from '../../faults/every-subject.ts';
import type { Ground, Subject } from '../../subject.ts';
import { brokers } from './broker.ts';
import { EFFECTS_TABLE } from './effects.ts';
import { endBroker, inDatabase, MessagingTrial } from './messaging-trial.ts';
import { CONSUMER, orderEvents, orderMessages, ordersOut, SOURCE } from './orders.ts';
import type { Databases } from './recorded.ts';
import { type BrokerPlace, toTransport, transportNames } from './transports.ts';

/** Events that a relay publishes, and the effects that a consumer has of their messages. */
export const messaging: Subject = {
  name: 'messaging',
  description:
    'Processes append and relay, others consume, and all of them, their broker and their databases are killed, paused and cut off; effects are compared with the log',
  holds: 'Every event had its effect, once, in the order of its key; nothing is set aside or stopped.',
  processes: 2,
  transports: transportNames,
  controls: [
    { name: 'inbox', change: 'messages are handled without an inbox', mustFind: 'duplicate' },
    { name: 'checkpoint', change: 'the checkpoint of the relay moves before the publish', mustFind: 'loss' },
  ],
  start: async (ground) => {
    const { options, connectionString: log } = ground;
    const { transport = transportNames[0] } = options;
    const broker = await brokers[transport]!();
    const proxies: TcpProxy[] = [];
    try {
      for (const url of broker.urls) proxies.push(await TcpProxy.start(url));
      const effects = await createEffects(ground);
      await prepare({ log, effects }, { transport, urls: broker.urls });
      return new MessagingTrial(ground, { log, effects }, { transport, broker, proxies });
    } catch (error) {
      await endBroker({ broker, proxies });
      throw error;
    }
  },
};

/** Creates everything, so that no process is the first one. */
async function prepare({ log, effects }: Databases, place: BrokerPlace): Promise<void> {
  const transport = await toTransport(place);
  const publisher = await transport.openPublisher();
  await publisher.close();
  await using store = createEventStore({ connectionString: log, events: [orderEvents], listen: false });
  await store.migrate();
  await using runner = createRelayRunner({ store, relays: [ordersOut(transport)] });
  await runner.migrate();
  await using consumer = createConsumer({
    name: CONSUMER,
    transport,
    sources: [SOURCE],
    messages: [orderMessages],
    database: { connectionString: effects },
    on: { 'orders.placed': () => Promise.resolve() },
  });
  await consumer.migrate();
  // It begins with the log: deliveries that are exchanged from the first one on must not seem to be from before.
  const begin = `select leftfold_inbox.begin_source('${CONSUMER}', '${SOURCE}', '${'0'.repeat(16)}')`;
  await withClient(effects, (client) => client.query(begin));
}

/** @returns where the database of the consumers is */
async function createEffects({ connectionString }: Ground): Promise<string> {
  await withClient(connectionString, (client) => client.query('create database effects'));
  const url = inDatabase(connectionString, 'effects');
  await withClient(url, (client) => client.query(EFFECTS_TABLE));
  return url;
}
