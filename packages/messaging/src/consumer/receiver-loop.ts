import { retryDelayMs, TransportRefusedError } from '@leftfold/core';
import { pause } from '@leftfold/postgres';
import type { Delivery, Receiver, Transport } from '../transport/transport.ts';

/** The connection that a delivery came by. */
export interface DeliveryConnection {
  /** False when it is lost: then what was not acknowledged is delivered again. */
  readonly isHeld: boolean;
  /** To be called when a message that came by it is handled: losses before do not delay the next connection any more. */
  progressed(): void;
}

export interface ReceiverLoopOptions {
  readonly transport: Transport;
  readonly consumer: string;
  readonly prefetch: number;
  readonly onDelivery: (delivery: Delivery, connection: DeliveryConnection) => void;
  /** Called when deliveries are not held any more: memory that they take can be freed. */
  readonly onReleased: () => void;
  /** Called for each failure to connect, and each lost connection. */
  readonly onIncident: (error: unknown) => void;
}

const backoff = { firstDelayMs: 100, maxDelayMs: 30_000 };
/** A connection that held for so long is not counted with the failures before it, even if no message came. */
const STEADY_MS = 10_000;

/** Keeps a receiver open: when its connection is lost, after growing delays, which differ between processes. */
export class ReceiverLoop {
  readonly #options: ReceiverLoopOptions;
  readonly #stopped = new AbortController();
  #prefetch: number;
  #current: Connection | undefined;
  #failure: unknown;
  /** When nothing was received any more. */
  #lostAt = new Date();
  #running: Promise<void> | undefined;

  constructor(options: ReceiverLoopOptions) {
    this.#options = options;
    this.#prefetch = options.prefetch;
  }

  /** Why nothing is received; undefined while the connection is open. */
  get failure(): { readonly error: unknown; readonly since: Date } | undefined {
    return this.#current?.isOpen === true ? undefined : { error: this.#failure, since: this.#lostAt };
  }

  /** Most messages that are held now. */
  get prefetch(): number {
    return this.#prefetch;
  }

  /** Resolves when the first attempt to connect has ended. @throws TransportRefusedError when that was refused */
  async start(): Promise<void> {
    this.#lostAt = new Date();
    const first = await this.#open();
    if (first === undefined && this.#failure instanceof TransportRefusedError) throw this.#failure;
    this.#running = this.#run(first);
  }

  /** Receives fewer messages at one time from now on: those that were delivered are delivered again. */
  reducePrefetch(prefetch: number): void {
    this.#prefetch = Math.max(1, Math.min(prefetch, this.#prefetch));
    this.#lose(this.#current, undefined);
  }

  /** Ends the connection. Does not throw. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    this.#lose(this.#current, undefined);
    await this.#running;
  }

  async #run(first: Connection | undefined): Promise<void> {
    let connection = first;
    let failures = first === undefined ? 1 : 0;
    while (!this.#stopped.signal.aborted) {
      if (connection !== undefined) {
        const openedAt = performance.now();
        const lost = await connection.whenLost;
        await connection.close();
        if (connection.hasProgressed || performance.now() - openedAt >= STEADY_MS) failures = 0;
        if (lost !== undefined) {
          failures += 1;
          this.#tell(lost.error);
        }
      }
      if (failures > 0)
        await pause(retryDelayMs(backoff, failures, 0.5 + Math.random() / 2), this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
      connection = await this.#open();
      if (connection === undefined) failures += 1;
    }
    await connection?.close();
  }

  async #open(): Promise<Connection | undefined> {
    const { transport, consumer, onDelivery } = this.#options;
    const connection = new Connection();
    this.#current = connection;
    try {
      const receiver = await transport.openReceiver({
        consumer,
        prefetch: this.#prefetch,
        onDelivery: (delivery) => {
          if (connection.isHeld) onDelivery(delivery, connection);
        },
        onLost: (error) => this.#lose(connection, { error }),
      });
      connection.opened(receiver);
      return connection;
    } catch (error) {
      this.#lose(connection, undefined);
      this.#tell(error);
      return undefined;
    }
  }

  #lose(connection: Connection | undefined, why: { readonly error: unknown } | undefined): void {
    if (connection?.isOpen === true) this.#lostAt = new Date();
    connection?.lose(why);
    this.#options.onReleased();
  }

  #tell(error: unknown): void {
    this.#failure = error;
    this.#options.onIncident(error);
  }
}

/** One receiver from its opening to its end. */
class Connection implements DeliveryConnection {
  /** Resolves when it is lost, and with why; with undefined when it is given up. */
  readonly whenLost: Promise<{ readonly error: unknown } | undefined>;
  #resolve: (lost: { readonly error: unknown } | undefined) => void = () => {};
  #receiver: Receiver | undefined;
  #lost = false;
  #progressed = false;

  constructor() {
    this.whenLost = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  get isHeld(): boolean {
    return !this.#lost;
  }

  get isOpen(): boolean {
    return this.#receiver !== undefined && !this.#lost;
  }

  /** Whether a message that came by it was handled. */
  get hasProgressed(): boolean {
    return this.#progressed;
  }

  progressed(): void {
    this.#progressed = true;
  }

  opened(receiver: Receiver): void {
    this.#receiver = receiver;
  }

  lose(why: { readonly error: unknown } | undefined): void {
    this.#lost = true;
    this.#resolve(why);
  }

  async close(): Promise<void> {
    await this.#receiver?.close();
  }
}
