import { type Backoff, retryDelayMs } from '@leftfold/core';
import pg from 'pg';
import { runnerOn } from '../statement/statement-runner.ts';
import { listenStatement } from './statements.ts';

/** Without jitter, and no longer after many failures: a process that does not listen polls many times a second. */
const reconnect: Backoff = { firstDelayMs: 1_000, maxDelayMs: 1_000 };

/** LISTEN on a connection of its own, which is opened again whenever it is lost. */
export class Listener {
  readonly #pool: pg.Pool;
  readonly #channel: string;
  #client: pg.Client | undefined;
  #onNotify: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  /** Connections that were lost or not made since the last one that listened. */
  #failures = 0;
  #closed = false;

  constructor(pool: pg.Pool, channel: string) {
    this.#pool = pool;
    this.#channel = channel;
  }

  /** The connection, while it listens. */
  get client(): pg.Client | undefined {
    return this.#client;
  }

  start(onNotify: () => void): void {
    if (this.#onNotify !== undefined) return;
    this.#onNotify = onNotify;
    void this.#connect();
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    const client = this.#client;
    this.#client = undefined;
    await client?.end().catch(() => {});
  }

  async #connect(): Promise<void> {
    // The pool hides its connection string and its password when its options are copied.
    const { connectionString, password } = this.#pool.options;
    const client = new pg.Client({
      ...this.#pool.options,
      ...(connectionString === undefined ? {} : { connectionString }),
      password,
      application_name: 'leftfold listener',
    });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', () => this.#onNotify?.());
    try {
      await client.connect();
      await runnerOn(client, { prepare: false })(listenStatement(this.#channel));
    } catch {
      this.#lost(client);
      await client.end().catch(() => {});
      return;
    }
    if (this.#closed) {
      await client.end().catch(() => {});
      return;
    }
    this.#client = client;
    this.#failures = 0;
    // A notification may have been sent before LISTEN took effect.
    this.#onNotify?.();
  }

  #lost(client: pg.Client): void {
    if (this.#client === client) this.#client = undefined;
    if (this.#closed || this.#timer !== undefined) return;
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
