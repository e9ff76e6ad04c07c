import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@leftfold/testing/postgres';
import { killProcess, pauseProcess } from '../faults/processes.ts';

export interface NodePorts {
  readonly client: number;
  readonly monitor: number;
  readonly cluster: number;
}

export interface NatsNodeOptions {
  readonly program: string;
  /** Of all nodes. */
  readonly folder: string;
  readonly name: string;
  readonly ports: NodePorts;
  /** Of all nodes of a cluster; none for a server that is alone. */
  readonly routes: readonly string[];
  readonly settings: readonly string[];
  readonly jetstream: boolean;
}

/** What `/jsz` answers. */
interface JetStreamDetail {
  /** Of the group that creates streams. */
  readonly meta_cluster?: { readonly leader?: string };
  readonly account_details?: readonly { readonly stream_detail?: readonly StreamDetail[] }[];
}

interface StreamDetail {
  readonly name: string;
  readonly cluster?: { readonly leader?: string };
}

/** One server of NATS, which can be killed, paused and started again with what it has on its disk. */
export class NatsNode {
  readonly name: string;
  /** Where clients connect. */
  readonly url: string;
  readonly #options: NatsNodeOptions;
  readonly #configuration: string;
  readonly #log: string;
  readonly #killWithUs = () => this.#process?.kill('SIGKILL');
  #process: ChildProcess | undefined;

  constructor(options: NatsNodeOptions) {
    const { name, folder, ports } = options;
    this.name = name;
    this.url = `nats://127.0.0.1:${ports.client}`;
    this.#options = options;
    this.#configuration = join(folder, `${name}.conf`);
    this.#log = join(folder, `${name}.log`);
    writeFileSync(this.#configuration, configurationOf(options));
  }

  get isRunning(): boolean {
    return (
      this.#process !== undefined && this.#process.exitCode === null && this.#process.signalCode === null
    );
  }

  /** Resolves when it answers; its streams may still have no leader. @throws Error when it does not come up */
  async start(): Promise<void> {
    if (this.isRunning) return;
    const log = openSync(this.#log, 'a');
    this.#process = spawn(this.#options.program, ['-c', this.#configuration], {
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    process.once('exit', this.#killWithUs);
    await until(
      () => {
        if (!this.isRunning) throw new Error(`${this.name} ended: ${readFileSync(this.#log, 'utf8')}`);
        return this.#answers();
      },
      { message: `${this.name} answers` },
    );
  }

  /** As the kernel does when memory runs out. Resolves when it is gone. */
  async kill(): Promise<void> {
    process.off('exit', this.#killWithUs);
    if (this.#process !== undefined) await killProcess(this.#process);
  }

  /** Stops it until the pause is over: its connections stay open, and it does not answer. */
  async pause(pause: Promise<void>): Promise<void> {
    if (this.#process !== undefined) await pauseProcess(this.#process, pause);
  }

  /** Waits until JetStream runs, knows who creates streams, and lags behind in none. */
  async whenReady(): Promise<void> {
    const isReady = async () => {
      if ((await this.#ask('/healthz')) === undefined) return false;
      if (!this.#isOfCluster || !this.#options.jetstream) return true;
      return Boolean((await this.#jetstream())?.meta_cluster?.leader);
    };
    await until(isReady, { message: `${this.name} is ready`, timeoutMs: 30_000 });
  }

  /** The name of the node that leads a stream, as this node knows it. */
  async leaderOf(stream: string): Promise<string | undefined> {
    const streams = (await this.#jetstream())?.account_details?.flatMap(
      (account) => account.stream_detail ?? [],
    );
    const found = streams?.find(({ name }) => name === stream);
    // A server that is alone leads all of its streams.
    return found !== undefined && !this.#isOfCluster ? this.name : found?.cluster?.leader;
  }

  get #isOfCluster(): boolean {
    return this.#options.routes.length > 0;
  }

  /** Another server may have its port. */
  async #answers(): Promise<boolean> {
    const answer = (await this.#ask('/varz')) as { readonly port?: number } | undefined;
    return answer?.port === this.#options.ports.client;
  }

  async #jetstream(): Promise<JetStreamDetail | undefined> {
    return (await this.#ask('/jsz?streams=true')) as JetStreamDetail | undefined;
  }

  /** @returns undefined unless it answers that all is well */
  async #ask(path: string): Promise<unknown> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#options.ports.monitor}${path}`, {
        signal: AbortSignal.timeout(2_000),
      });
      const answer: unknown = await response.json();
      return response.ok ? answer : undefined;
    } catch {
      return undefined;
    }
  }
}

function configurationOf({ name, folder, ports, routes, settings, jetstream }: NatsNodeOptions): string {
  const store = JSON.stringify(join(folder, name));
  return `server_name: ${name}
listen: 127.0.0.1:${ports.client}
http: 127.0.0.1:${ports.monitor}
${jetstream ? `jetstream { store_dir: ${store}, max_memory_store: 64M, max_file_store: 1G }` : ''}
${routes.length > 0 ? `cluster { name: leftfold, listen: 127.0.0.1:${ports.cluster}, routes: [${routes.join(', ')}] }` : ''}
${settings.join('\n')}
`;
}
