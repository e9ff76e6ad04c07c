import pg from 'pg';
import { channelOf, notifyStatement } from '../sql/high-water-mark.ts';

const RECONNECT_DELAY_MS = 1_000;
/** Appends of this long are announced together. */
const ANNOUNCE_INTERVAL_MS = 10;

/**
 * Tells processes that something was appended, and hears it from others. A hint, never delivery: whoever waits also
 * looks by itself.
 *
 * SQL: LISTEN on one connection of its own, opened at the first `listen`; NOTIFY in a transaction of its own, never in
 * an append's, for it takes a lock that is held until the commit is done.
 */
export class AppendNotifier {
  readonly #pool: pg.Pool;
  readonly #schema: string;
  readonly #mayListen: boolean;
  #listener: pg.Client | undefined;
  #onWake: (() => void) | undefined;
  #reconnect: NodeJS.Timeout | undefined;
  #announcement: NodeJS.Timeout | undefined;
  #announcedAt = 0;
  #sending = false;
  /** Something was appended while an announcement was on its way. */
  #sendAgain = false;
  #closed = false;

  constructor(pool: pg.Pool, schema: string, mayListen: boolean) {
    this.#pool = pool;
    this.#schema = schema;
    this.#mayListen = mayListen;
  }

  /** True while notifications come in, so that looking by oneself may be rare. */
  get listening(): boolean {
    return this.#listener !== undefined;
  }

  /** Calls `onWake` at each notification from now on. Survives lost connections. */
  listen(onWake: () => void): void {
    if (!this.#mayListen || this.#onWake !== undefined || this.#closed) return;
    this.#onWake = onWake;
    void this.#connect();
  }

  /** Announces an append: at once, then at most every few milliseconds. Failures are ignored. */
  announce(): void {
    if (this.#closed || this.#announcement !== undefined) return;
    const wait = Math.max(0, this.#announcedAt + ANNOUNCE_INTERVAL_MS - performance.now());
    if (wait === 0) this.#send();
    else {
      this.#announcement = setTimeout(() => {
        this.#announcement = undefined;
        this.#send();
      }, wait);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#reconnect);
    clearTimeout(this.#announcement);
    const listener = this.#listener;
    this.#listener = undefined;
    await listener?.end().catch(() => {});
  }

  #send(): void {
    // One at a time: a client takes no second query while the first is on its way.
    if (this.#sending) {
      this.#sendAgain = true;
      return;
    }
    this.#sending = true;
    this.#announcedAt = performance.now();
    const { text, values } = notifyStatement(this.#schema);
    const client = this.#listener ?? this.#pool;
    const sent = () => {
      this.#sending = false;
      const again = this.#sendAgain;
      this.#sendAgain = false;
      if (again) this.announce();
    };
    client.query(text, [...values]).then(sent, sent);
  }

  async #connect(): Promise<void> {
    // The pool hides its password from those who copy its options.
    const { password } = this.#pool.options;
    const client = new pg.Client({ ...this.#pool.options, password, application_name: 'leftfold listener' });
    client.on('error', () => this.#lost(client));
    client.on('end', () => this.#lost(client));
    client.on('notification', () => this.#onWake?.());
    try {
      await client.connect();
      await client.query(`listen "${channelOf(this.#schema)}"`);
    } catch {
      this.#lost(client);
      await client.end().catch(() => {});
      return;
    }
    if (this.#closed) {
      await client.end().catch(() => {});
      return;
    }
    this.#listener = client;
    // Something may have been announced before LISTEN took effect.
    this.#onWake?.();
  }

  #lost(client: pg.Client): void {
    if (this.#listener === client) this.#listener = undefined;
    if (this.#closed || this.#reconnect !== undefined) return;
    this.#reconnect = setTimeout(() => {
      this.#reconnect = undefined;
      void this.#connect();
    }, RECONNECT_DELAY_MS);
    this.#reconnect.unref();
  }
}
