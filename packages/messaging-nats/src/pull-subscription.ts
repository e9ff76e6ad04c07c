import { createInbox, type Msg, nanos, type Subscription } from '@nats-io/transport-node';
import type { JetStreamConnection } from './jetstream-connection.ts';

/** Milliseconds between looks whether the server is there. */
const WATCH_MS = 1_000;
/** Milliseconds without a message or the end of a request. */
const SILENT_MS = 5_000;

const REQUEST_TIMEOUT = 408;
const NO_RESPONDERS = 503;

export interface PullOptions {
  /** Of the durable consumer, at the server. */
  readonly durable: string;
  /** Messages that may be delivered now, and milliseconds in which the request ends: a second at most. */
  readonly room: () => { readonly messages: number; readonly expiresMs: number };
  readonly onMessage: (message: Msg) => void;
  /** Called when a request has ended: another one may be sent. */
  readonly onEnd: () => void;
  /** Called once, when no further message comes. */
  readonly onLost: (problem: string) => void;
}

/**
 * Asks for messages of a durable consumer, by one request at a time for as many as there is room for. The server says when
 * a request has ended, which shows that it is there.
 *
 * Source: the pull protocol of JetStream, ADR-13 of nats-architecture-and-design.
 */
export class PullSubscription {
  readonly #connection: JetStreamConnection;
  readonly #options: PullOptions;
  readonly #inbox: string;
  readonly #subscription: Subscription;
  readonly #watch: NodeJS.Timeout;
  #request = 0;
  /** Messages that the server still owes for the request; 0 when there is none. */
  #owed = 0;
  #heardAt = performance.now();
  #ended = false;
  #onDrained: (() => void) | undefined;

  constructor(connection: JetStreamConnection, options: PullOptions) {
    const { client, settings } = connection;
    this.#connection = connection;
    this.#options = options;
    this.#inbox = createInbox(settings.connection.inboxPrefix);
    this.#subscription = client.subscribe(`${this.#inbox}.*`, {
      callback: (error, message) => this.#receive(error, message),
    });
    this.#watch = setInterval(() => this.#assertHeard(), WATCH_MS);
  }

  /** Messages that may still come without being asked for. */
  get owed(): number {
    return this.#owed;
  }

  /** Asks for messages if there is room, and no request is open. */
  pull(): void {
    if (this.#ended || this.#owed > 0) return;
    const { messages, expiresMs } = this.#options.room();
    if (messages <= 0) return;
    this.#owed = messages;
    this.#request += 1;
    this.#heardAt = performance.now();
    const { client, settings } = this.#connection;
    const subject = `$JS.API.CONSUMER.MSG.NEXT.${settings.stream}.${this.#options.durable}`;
    try {
      client.publish(subject, JSON.stringify({ batch: messages, expires: nanos(expiresMs) }), {
        reply: this.#replySubject,
      });
    } catch {
      this.#lose('the connection is closed');
    }
  }

  /**
   * Asks for nothing more. Resolves when the last request has ended, or the connection is lost; messages may come before.
   * Does not throw.
   *
   * What is given back earlier could be delivered to that request. And nats-server 2.9 mixes up the order of what is given
   * back while it has no other requests than those of receivers that are gone.
   */
  async drain(): Promise<void> {
    const lost = this.#ended;
    this.#end();
    if (!lost && this.#owed > 0)
      await new Promise<void>((resolve) => {
        this.#onDrained = resolve;
      });
    this.#subscription.unsubscribe();
  }

  get #replySubject(): string {
    return `${this.#inbox}.${this.#request}`;
  }

  #receive(error: Error | null, message: Msg): void {
    if (error !== null) {
      this.#lose(error.message);
      return;
    }
    this.#heardAt = performance.now();
    if (!message.subject.startsWith(this.#inbox)) {
      this.#options.onMessage(message);
      this.#owe(Math.max(0, this.#owed - 1));
    } else if (message.subject === this.#replySubject) this.#receiveStatus(message);
  }

  /** A status ends the request. */
  #receiveStatus({ headers }: Msg): void {
    const { code = 0, description = '' } = headers ?? {};
    if (code === NO_RESPONDERS) this.#lose('no server leads the consumer');
    else if (code !== REQUEST_TIMEOUT) this.#lose(`${code} ${description}`);
    this.#owe(0);
  }

  #owe(messages: number): void {
    this.#owed = messages;
    if (messages > 0) return;
    this.#onDrained?.();
    this.#options.onEnd();
  }

  #assertHeard(): void {
    const silentMs = performance.now() - this.#heardAt;
    if (this.#owed > 0 && silentMs > SILENT_MS)
      this.#lose(`the server has said nothing for ${Math.round(silentMs)} ms`);
  }

  #lose(problem: string): void {
    if (this.#ended) return;
    this.#end();
    this.#options.onLost(problem);
  }

  #end(): void {
    this.#ended = true;
    clearInterval(this.#watch);
  }
}
