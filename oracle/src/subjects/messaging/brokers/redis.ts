import { startRedis } from '@leftfold/testbed/services';
import type { Broker } from '../broker.ts';
import { programOf } from './program-of.ts';

/** A Redis server that has each write on its disk before it answers. */
export async function startRedisBroker(): Promise<Broker> {
  const server = await startRedis(programOf('redis-server'));
  return {
    description: 'a Redis server with appendfsync always',
    urls: [server.url],
    crash: async () => {
      await server.kill();
      await server.start();
    },
    silence: (pause) => server.pause(pause),
    [Symbol.asyncDispose]: () => server[Symbol.asyncDispose](),
  };
}
