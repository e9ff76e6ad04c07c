import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from './amqp-connection.ts';
import { toTransportError } from './amqp-error.ts';

export interface QueueReaderOptions {
  readonly connection: AmqpConnection;
  readonly queue: string;
  /** Most messages of the queue that were delivered and not acknowledged. */
  readonly prefetch: number;
  readonly onMessage: (message: ConsumeMessage, reader: QueueReader) => void;
  /** Called when the channel ends without being closed here. */
  readonly onLost: (error: Error) => void;
}

/** Reads one queue, on a channel of its own: closing that gives back what was not acknowledged, in order. */
export class QueueReader {
  readonly channel: Channel;
  readonly #options: QueueReaderOptions;
  #state: 'open' | 'releasing' | 'ended' = 'open';
  #isActive = false;
  #inFlight = 0;
  #whenIdle: () => void = () => {};

  private constructor(options: QueueReaderOptions, channel: Channel) {
    this.#options = options;
    this.channel = channel;
    channel.on('error', (error) => this.#lose(error));
    channel.on('close', () => this.#lose(new Error('its channel was closed')));
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(options: QueueReaderOptions): Promise<QueueReader> {
    const { connection, queue, prefetch } = options;
    const channel = await connection.channel();
    const reader = new QueueReader(options, channel);
    const cannot = `queue "${queue}" cannot be read`;
    await connection.answer(cannot, () => channel.prefetch(prefetch));
    await connection.answer(
      `${cannot}; if it goes on, it has no leader: delete it, and publish again with rewind() what it held`,
      () => channel.consume(queue, (message) => reader.#receive(message)),
    );
    return reader;
  }

  get queue(): string {
    return this.#options.queue;
  }

  /** Whether it is the one reader of the queue that gets its messages now. Not known before the first of them. */
  get isActive(): boolean {
    return this.#isActive;
  }

  /** A message of it was given to the consumer. */
  began(): void {
    this.#inFlight += 1;
  }

  acknowledge(message: ConsumeMessage): void {
    if (this.#state === 'ended') return;
    this.channel.ack(message);
    this.#inFlight -= 1;
    if (this.#inFlight === 0) this.#whenIdle();
  }

  /**
   * Leaves the queue to the reader that waits longest for it: takes no more messages, waits until those that the consumer has
   * are acknowledged, and gives back the others.
   *
   * @throws TransportUnavailableError
   */
  async release(): Promise<void> {
    if (this.#state !== 'open') return;
    this.#state = 'releasing';
    await new Promise<void>((resolve) => {
      if (this.#inFlight === 0) resolve();
      else this.#whenIdle = resolve;
    });
    this.end();
    const { connection, queue } = this.#options;
    await connection.answer(`queue "${queue}" cannot be left`, () => this.channel.close());
  }

  /** No message comes from now on, and what is acknowledged does not count. */
  end(): void {
    this.#state = 'ended';
  }

  #receive(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#lose(new Error('it was deleted, or its leader is gone'));
      return;
    }
    this.#isActive = true;
    if (this.#state === 'open') this.#options.onMessage(message, this);
  }

  #lose(cause: unknown): void {
    if (this.#state === 'ended') return;
    this.end();
    const { connection, queue, onLost } = this.#options;
    const what = `queue "${queue}" is not read any more`;
    onLost(connection.failure ?? toTransportError(connection.name, what, cause));
  }
}
