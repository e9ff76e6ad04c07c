import { setTimeout as delay } from 'node:timers/promises';
import { LeftfoldError, TransportRefusedError, TransportUnavailableError } from '@leftfold/core';
import { jetstream, jetstreamManager, type JetStreamClient, type JetStreamManager } from '@nats-io/jetstream';
import { connect, type NatsConnection } from '@nats-io/transport-node';
import type { JetStreamSettings } from './jetstream-options.ts';
import { refusalOf } from './refusals.ts';

/** Milliseconds between looks whether a silent server is there. */
const PING_MS = 5_000;
/** Milliseconds for a connection to be closed in order. */
const CLOSE_MS = 1_000;

/**
 * A connection, which is not opened again by itself: whoever uses it opens another one, after having looked at what the
 * stream has.
 */
export class JetStreamConnection {
  readonly settings: JetStreamSettings;
  /** Of the transport, for messages. */
  readonly name: string;
  readonly client: NatsConnection;
  readonly streams: JetStreamClient;
  readonly manager: JetStreamManager;

  private constructor(
    settings: JetStreamSettings,
    name: string,
    client: NatsConnection,
    manager: JetStreamManager,
  ) {
    this.settings = settings;
    this.name = name;
    this.client = client;
    this.manager = manager;
    this.streams = jetstream(client, { timeout: settings.answerMs });
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(settings: JetStreamSettings, name: string): Promise<JetStreamConnection> {
    const timeout = settings.answerMs;
    try {
      const client = await connect({
        name: 'leftfold',
        timeout,
        pingInterval: PING_MS,
        maxPingOut: 2,
        noAsyncTraces: true,
        ...settings.connection,
        reconnect: false,
      });
      const manager = await jetstreamManager(client, { timeout, checkAPI: false });
      return new JetStreamConnection(settings, name, client, manager);
    } catch (thrown) {
      throw toTransportError(name, thrown, true, `no connection to ${serversOf(settings)} could be opened: `);
    }
  }

  get isClosed(): boolean {
    return this.client.isClosed();
  }

  /** @throws TransportUnavailableError, TransportRefusedError for what `work` throws */
  async asTransport<TResult>(work: () => Promise<TResult>): Promise<TResult> {
    try {
      return await work();
    } catch (thrown) {
      throw this.errorOf(thrown);
    }
  }

  errorOf(thrown: unknown): Error {
    return toTransportError(this.name, thrown, this.client.info?.jetstream === true);
  }

  /** Does not throw, and waits no longer than a second. */
  async close(): Promise<void> {
    await Promise.race([this.client.close().catch(() => {}), delay(CLOSE_MS, undefined, { ref: false })]);
  }
}

/** Without a login, which the client takes apart from them. */
function serversOf({ connection: { servers = [] } }: JetStreamSettings): string {
  return [servers].flat().join(', ');
}

/** @param during begins the text of an outage: what was done */
function toTransportError(name: string, thrown: unknown, hasJetStream: boolean, during = ''): Error {
  if (LeftfoldError.is(thrown)) return thrown;
  const refusal = refusalOf(thrown, hasJetStream);
  if (refusal !== undefined) return new TransportRefusedError(name, refusal, { cause: thrown });
  const problem = thrown instanceof Error ? thrown.message : String(thrown);
  return new TransportUnavailableError(name, `${during}${problem}`, { cause: thrown });
}
