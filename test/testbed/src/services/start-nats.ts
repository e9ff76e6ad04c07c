import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from '@leftfold/testing/postgres';
import { freePort } from './free-port.ts';
import { NatsNode, type NodePorts } from './nats-node.ts';

export interface NatsOptions {
  /** @default 1 */
  readonly nodes?: 1 | 3;
  /** Lines of the configuration of each node, such as `max_payload: 1024`. @default none */
  readonly settings?: readonly string[];
  /** Whether streams can be kept. @default true */
  readonly jetstream?: boolean;
}

/** Servers of NATS of a test's own. They end with the process that started them. */
export interface NatsCluster extends AsyncDisposable {
  readonly nodes: readonly NatsNode[];
  /** Where clients connect, one for each node. */
  readonly servers: readonly string[];
  /** The node that leads a stream now. @throws Error when none does for a minute: votes may be split several times */
  leaderOf(stream: string): Promise<NatsNode>;
  /** Waits until every node that runs has JetStream, and no stream of it lags behind. */
  whenReady(): Promise<void>;
}

/**
 * Starts NATS on free ports of the loopback interface, with folders of its own for its streams.
 *
 * @param program the file of nats-server
 * @throws Error when a node does not come up, with what it has written
 */
export async function startNats(
  program: string,
  { nodes: count = 1, settings = [], jetstream = true }: NatsOptions = {},
): Promise<NatsCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'leftfold-nats-'));
  const ports: NodePorts[] = [];
  while (ports.length < count)
    ports.push({ client: await freePort(), monitor: await freePort(), cluster: await freePort() });
  const routes = count === 1 ? [] : ports.map(({ cluster }) => `nats://127.0.0.1:${cluster}`);
  const nodes = ports.map(
    (own, index) =>
      new NatsNode({ program, folder, name: `node-${index + 1}`, ports: own, routes, settings, jetstream }),
  );
  const running = () => nodes.filter((node) => node.isRunning);
  const cluster: NatsCluster = {
    nodes,
    servers: nodes.map(({ url }) => url),
    leaderOf: (stream) =>
      until(
        async () => {
          const leaders = await Promise.all(running().map((node) => node.leaderOf(stream)));
          return nodes.find(({ name, isRunning }) => isRunning && leaders.includes(name));
        },
        { message: `a node that leads the stream ${stream}`, timeoutMs: 60_000 },
      ),
    whenReady: async () => {
      await Promise.all(running().map((node) => node.whenReady()));
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all(nodes.map((node) => node.kill()));
      rmSync(folder, { recursive: true, force: true });
    },
  };
  try {
    await Promise.all(nodes.map((node) => node.start()));
    await cluster.whenReady();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}
