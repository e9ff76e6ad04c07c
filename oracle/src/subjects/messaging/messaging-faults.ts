import type { TcpProxy } from '@leftfold/testbed/faults';
import { faultsOfNetwork, killedBackends } from '../../faults/every-subject.ts';
import type { Fault } from '../../faults/fault.ts';
import type { RestartedProcess } from '../../process/restarted-process.ts';
import type { Broker } from './broker.ts';
import { LEASE_MS } from './orders.ts';

export interface BreakableMessaging {
  readonly broker: Broker;
  /** In front of the broker. */
  readonly proxies: readonly TcpProxy[];
  /** Of the database of the consumers. */
  readonly effectsUrl: string;
  readonly processes: readonly RestartedProcess[];
  readonly seconds: number;
}

/** What breaks beside what breaks in every subject: the broker and the way to it, and the database of the consumers. */
export function faultsOfMessaging({
  broker,
  proxies,
  effectsUrl,
  processes,
  seconds,
}: BreakableMessaging): readonly Fault[] {
  const run = Math.min(seconds, 60);
  return [
    {
      counted: 'brokers killed',
      everyMs: [run * 200, run * 350],
      isShare: true,
      inject: () => broker.crash().then(() => true),
    },
    {
      counted: 'brokers silent',
      everyMs: [run * 250, run * 450],
      isShare: true,
      inject: ({ random, pause }) => broker.silence(pause(random.between(200, 3_000))).then(() => true),
    },
    ...faultsOfNetwork('the network of the broker', proxies),
    killedBackends('backends of consumers', effectsUrl),
    {
      counted: 'processes paused beyond their leases',
      everyMs: [1_000, 3_000],
      inject: ({ random, pause }) =>
        random.pick(processes).stallFor(pause(random.between(LEASE_MS, 3 * LEASE_MS))),
    },
  ];
}
