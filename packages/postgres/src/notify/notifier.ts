import type pg from 'pg';
import { runnerOn } from '../statement/statement-runner.ts';
import { Listener } from './listener.ts';
import { notifyStatement } from './statements.ts';

/** Notifications of this long are sent as one. */
const NOTIFY_INTERVAL_MS = 10;

const HEARTBEAT_MS = 10_000;

/** The topic of {@link Notifier.notify}. */
const APPENDED = '';

interface Hearing {
  readonly topic: string;
  readonly self: string;
  readonly onTold: () => void;
}

export interface NotifierOptions {
  readonly pool: pg.Pool;
  /** Name of the channel: lower-case letters, digits and `_`. */
  readonly channel: string;
  /** False behind a pooler in transaction mode, where LISTEN does not work: `onNotify` is then never called. */
  readonly listen: boolean;
  /** Milliseconds between two questions whether the connection that listens still answers. @default 10000 */
  readonly heartbeatMs?: number | undefined;
  /** Called each time that it begins to listen, which after an outage is the first sign of the database. */
  readonly onConnected?: (() => void) | undefined;
}

/**
 * Tells other processes that something happened, and hears it from them. A hint, never delivery: a process that waits
 * also polls.
 *
 * SQL: LISTEN on one connection of its own, opened at the first `listen`; NOTIFY in a transaction of its own, never in
 * one that writes, for it takes a lock of the whole database that is held until the commit is done.
 */
export class Notifier {
  readonly #pool: pg.Pool;
  readonly #channel: string;
  readonly #listener: Listener;
  readonly #mayListen: boolean;
  readonly #hearings = new Set<Hearing>();
  #onNotify: (() => void) | undefined;
  #timer: NodeJS.Timeout | undefined;
  #sentAt = 0;
  #sending = false;
  /** `notify` was called while a notification was being sent. */
  #sendAgain = false;
  #closed = false;

  constructor({
    pool,
    channel,
    listen,
    heartbeatMs = HEARTBEAT_MS,
    onConnected = () => {},
  }: NotifierOptions) {
    this.#pool = pool;
    this.#channel = channel;
    this.#mayListen = listen;
    const connected = () => {
      onConnected();
      for (const { onTold } of this.#hearings) onTold();
    };
    this.#listener = new Listener(pool, channel, { heartbeatMs, onConnected: connected });
  }

  /** True while notifications come in, so that polling may be rare. */
  get listening(): boolean {
    return this.#listener.client !== undefined;
  }

  /** Calls `onNotify` at each {@link notify} from now on. Survives lost connections. Only the first call counts. */
  listen(onNotify: () => void): void {
    this.#onNotify ??= onNotify;
    this.#startListening();
  }

  /**
   * Calls `onTold` at each {@link tell} of a topic from now on by others than `self`, and each time that it begins to listen,
   * since one may have been missed before. Survives lost connections.
   *
   * @returns ends it
   */
  hear(topic: string, self: string, onTold: () => void): () => void {
    const hearing: Hearing = { topic, self, onTold };
    this.#hearings.add(hearing);
    this.#startListening();
    return () => void this.#hearings.delete(hearing);
  }

  #startListening(): void {
    if (!this.#mayListen || this.#closed) return;
    this.#listener.start((payload) => {
      if (payload === APPENDED) this.#onNotify?.();
      for (const { topic, self, onTold } of this.#hearings)
        if (payload.startsWith(`${topic} `) && payload !== `${topic} ${self}`) onTold();
    });
  }

  /** Sends a notification about something rare. Resolves when it was sent; failures are ignored. @param self who tells */
  async tell(topic: string, self: string): Promise<void> {
    if (this.#closed) return;
    // Not on the connection that listens: it takes no second query while the first is being answered.
    const run = runnerOn(this.#pool, { prepare: false, answerMs: HEARTBEAT_MS });
    await run(notifyStatement(this.#channel, `${topic} ${self}`)).catch(() => {});
  }

  /** Sends a notification: at once, then at most every few milliseconds. Failures are ignored. */
  notify(): void {
    if (this.#closed || this.#timer !== undefined) return;
    const wait = Math.max(0, this.#sentAt + NOTIFY_INTERVAL_MS - performance.now());
    if (wait === 0) this.#send();
    else {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#send();
      }, wait);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    await this.#listener.close();
  }

  #send(): void {
    // One at a time: a client takes no second query while the first is being answered.
    if (this.#sending) {
      this.#sendAgain = true;
      return;
    }
    this.#sending = true;
    this.#sentAt = performance.now();
    const run = runnerOn(this.#listener.client ?? this.#pool, { prepare: false, answerMs: HEARTBEAT_MS });
    const sent = () => {
      this.#sending = false;
      const again = this.#sendAgain;
      this.#sendAgain = false;
      if (again) this.notify();
    };
    run(notifyStatement(this.#channel, APPENDED)).then(sent, sent);
  }
}
