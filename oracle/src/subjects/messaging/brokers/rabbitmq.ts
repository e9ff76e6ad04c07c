import { startRabbitmq } from '@leftfold/testbed/services';
import type { Broker } from '../broker.ts';
import { programOf } from './program-of.ts';

/** A RabbitMQ server, which takes some seconds to start. */
export async function startRabbitmqBroker(): Promise<Broker> {
  const server = await startRabbitmq(programOf('rabbitmq-server'));
  return {
    description: 'a RabbitMQ server',
    urls: [server.url],
    crash: async () => {
      await server.kill();
      await server.start();
    },
    silence: (pause) => server.pause(pause),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
