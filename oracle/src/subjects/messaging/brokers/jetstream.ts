import { setTimeout as delay } from 'node:timers/promises';
import { startNats } from '@leftfold/testbed/services';
import type { Broker } from '../broker.ts';
import { QUEUE } from '../transports.ts';
import { programOf } from './program-of.ts';

/** Until it is started again, another node leads. */
const AWAY_MS = 1_500;

/** Three servers of NATS, of which the one that leads the stream is killed and paused. */
export async function startJetStreamBroker(): Promise<Broker> {
  const cluster = await startNats(programOf('nats-server'), { nodes: 3 });
  return {
    description: 'three NATS servers, each message on all of them',
    urls: cluster.servers,
    crash: async () => {
      const leader = await cluster.leaderOf(QUEUE);
      await leader.kill();
      await delay(AWAY_MS);
      await leader.start();
    },
    silence: async (pause) => {
      const leader = await cluster.leaderOf(QUEUE);
      await leader.pause(pause);
    },
    [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose](),
  };
}
