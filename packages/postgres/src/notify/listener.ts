import { type Backoff, retryDelayMs } from '@leftfold/core';
import type pg from 'pg';
import { clientBeside } from '../pool/client-beside.ts';
import { runnerOn } from '../statement/statement-runner.ts';
import type { StatementRunner } from '../statement/statement.ts';
import { heartbeatStatement, listenStatement } from './statements.ts';

/** Without jitter, and no longer after many failures: a process that does not listen polls many times a second. */
const reconnect: Backoff = { firstDelayMs: 1_000, maxDelayMs: 1_000 };

/** How long closing a connection may take. */
const CLOSE_MS = 1_000;

export interface ListenerOptions {
  /** Milliseconds between two questions whether the connection still answers, and for each answer. */
  readonly heartbeatMs: number;
  /** Called each time that the connection listens. */
  readonly onConnected: () => void;
}

/** LISTEN on a connection of its own, which is opened again whenever it is lost. */
export class Listener {
  readonly #pool: pg.Pool;
  readonly #channel: string;
  readonly #heartbeatMs: number;
  readonly #onConnected: () => void;
  #client: pg.Client | undefined;
  /** One that does not listen yet. */
  #connecting: pg.Client | undefined;
  #onNotify: ((topic: string) => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #heartbeat: NodeJS.Timeout | undefined;
  /** Connections that were lost or not made since the last one that listened. */
  #failures = 0;
  #closed = false;

  constructor(pool: pg.Pool, channel: string, { heartbeatMs, onConnected }: ListenerOptions) {
    this.#pool = pool;
    this.#channel = channel;
    this.#heartbeatMs = heartbeatMs;
    this.#onConnected = onConnected;
  }

  /** The connection, while it listens. */
  get client(): pg.Client | undefined {
    return this.#client;
  }

  start(onNotify: (topic: string) => void): void {
    if (this.#onNotify !== undefined) return;
    this.#onNotify = onNotify;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    clearTimeout(this.#heartbeat);
    this.#connecting?.connection.stream.destroy();
    const client = this.#client;
    this.#client = undefined;
    if (client === undefined) return;
    // One that went silent does not say goodbye.
    const forced = setTimeout(() => client.connection.stream.destroy(), CLOSE_MS);
    await client.end().catch(() => {});
    clearTimeout(forced);
  }

  async #connect(): Promise<void> {
    const client = clientBeside(this.#pool, { application_name: 'leftfold listener' });
    this.#connecting = client;
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', ({ payload = '' }) => this.#onNotify?.(payload));
    try {
      await client.connect();
      await this.#run(client)(listenStatement(this.#channel));
    } catch {
      this.#lost(client);
      client.connection.stream.destroy();
      return;
    } finally {
      this.#connecting = undefined;
    }
    if (this.#closed) {
      await client.end().catch(() => {});
      return;
    }
    this.#client = client;
    this.#failures = 0;
    this.#onConnected();
    // A notification may have been sent before LISTEN took effect.
    this.#onNotify?.('');
    this.#beatLater(client);
  }

  /** A connection that went silent brings no notification, and no error. */
  #beatLater(client: pg.Client): void {
    const beat = async () => {
      try {
        await this.#run(client)(heartbeatStatement);
        if (this.#client === client) this.#beatLater(client);
      } catch {
        this.#lost(client);
        client.connection.stream.destroy();
      }
    };
    this.#heartbeat = setTimeout(() => void beat(), this.#heartbeatMs);
    this.#heartbeat.unref();
  }

  #run(client: pg.Client): StatementRunner {
    return runnerOn(client, { prepare: false, answerMs: this.#heartbeatMs });
  }

  #lost(client: pg.Client): void {
    if (this.#client === client) {
      this.#client = undefined;
      clearTimeout(this.#heartbeat);
    }
    if (this.#closed || this.#pool.ending || this.#timer !== undefined) return;
    this.#failures += 1;
    this.#timer = setTimeout(
      () => {
        this.#timer = undefined;
        void this.#connect();
      },
      retryDelayMs(reconnect, this.#failures),
    );
    this.#timer.unref();
  }
}
