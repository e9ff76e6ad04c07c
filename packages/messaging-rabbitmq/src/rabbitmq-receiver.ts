import type { Delivery, Receiver, ReceiverOptions } from '@leftfold/messaging';
import type { Channel, ConsumeMessage } from 'amqplib';
import type { AmqpConnection } from './amqp-connection.ts';
import { attributesOf } from './message-properties.ts';
import { QueueReader } from './queue-reader.ts';
import { declareTopology, queuesOf, receiversQueue } from './topology.ts';

/** Messages of one queue that are taken at one time, at least, unless fewer are asked for: its keys may all be busy. */
const LEAST_PREFETCH = 32;
/** Milliseconds between two looks at how many receivers share the queues. */
const SHARE_MS = 5_000;

interface Waiting {
  readonly reader: QueueReader;
  readonly message: ConsumeMessage;
}

/**
 * Receives the messages of one consumer. All of its receivers read all of its queues, and RabbitMQ gives each queue to one of
 * them. One that has more than its share leaves some to the others.
 */
export class RabbitmqReceiver implements Receiver {
  readonly #connection: AmqpConnection;
  readonly #options: ReceiverOptions;
  readonly #queues: readonly string[];
  /** To be counted by. */
  readonly #channel: Channel;
  /** See {@link receiversQueue}. */
  readonly #receivers: string;
  readonly #readers = new Map<string, QueueReader>();
  #waiting: Waiting[] = [];
  #inFlight = 0;
  #state: 'opening' | 'open' | 'ended' = 'opening';
  #isHandingOut = false;
  #lost: Error | undefined;
  #sharing: NodeJS.Timeout | undefined;

  private constructor(connection: AmqpConnection, channel: Channel, options: ReceiverOptions) {
    this.#connection = connection;
    this.#channel = channel;
    this.#options = options;
    this.#queues = queuesOf(connection.settings, options.consumer);
    this.#receivers = receiversQueue(connection.settings, options.consumer);
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(connection: AmqpConnection, options: ReceiverOptions): Promise<RabbitmqReceiver> {
    await declareTopology(connection, [...new Set([...connection.settings.consumers, options.consumer])]);
    const receiver = new RabbitmqReceiver(connection, await connection.channel(), options);
    await receiver.#beCounted();
    for (const queue of receiver.#queues) await receiver.#read(queue);
    if (receiver.#lost !== undefined) throw receiver.#lost;
    receiver.#state = 'open';
    receiver.#handOut();
    receiver.#shareLater();
    return receiver;
  }

  async #beCounted(): Promise<void> {
    await this.#connection.answer(`queue "${this.#receivers}" cannot be read`, () =>
      this.#channel.consume(this.#receivers, () => {}, { noAck: true }),
    );
  }

  async #read(queue: string): Promise<void> {
    const { prefetch } = this.#options;
    const reader = await QueueReader.open({
      connection: this.#connection,
      queue,
      // What is handed out in all is bounded here: RabbitMQ has no such bound for several quorum queues.
      prefetch: Math.min(prefetch, Math.max(LEAST_PREFETCH, Math.ceil(prefetch / this.#queues.length))),
      onMessage: (message, from) => {
        this.#waiting.push({ reader: from, message });
        this.#handOut();
      },
      onLost: (error) => this.#lose(error),
    });
    this.#readers.set(queue, reader);
  }

  #handOut(): void {
    if (this.#isHandingOut) return; // a consumer may acknowledge at once
    this.#isHandingOut = true;
    while (this.#state === 'open' && this.#inFlight < this.#options.prefetch) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      this.#inFlight += 1;
      next.reader.began();
      this.#options.onDelivery(this.#deliveryOf(next));
    }
    this.#isHandingOut = false;
  }

  #deliveryOf({ reader, message }: Waiting): Delivery {
    const { properties, fields, content } = message;
    const contentType: unknown = properties.contentType;
    const count: unknown = properties.headers?.['x-delivery-count'];
    let acknowledged = false;
    return {
      attributes: attributesOf(properties.headers),
      body: content,
      contentType: typeof contentType === 'string' ? contentType : undefined,
      redelivered: fields.redelivered || Number(count) > 0,
      acknowledge: () => {
        if (acknowledged || this.#state !== 'open') return;
        acknowledged = true;
        reader.acknowledge(message);
        this.#inFlight -= 1;
        this.#handOut();
      },
    };
  }

  #shareLater(): void {
    this.#sharing = setTimeout(() => {
      this.#share().then(
        () => this.#state === 'open' && this.#shareLater(),
        (error: Error) => this.#lose(error),
      );
    }, SHARE_MS);
  }

  /** A queue that is left goes to the receiver that has waited for it longest; if that has its share, it goes on from there. */
  async #share(): Promise<void> {
    const { consumerCount } = await this.#connection.answer(`queue "${this.#receivers}" is not there`, () =>
      this.#channel.checkQueue(this.#receivers),
    );
    const share = Math.ceil(this.#queues.length / Math.max(1, consumerCount));
    const active = [...this.#readers.values()].filter(({ isActive }) => isActive);
    await Promise.all(active.slice(share).map((reader) => this.#leave(reader)));
  }

  async #leave(reader: QueueReader): Promise<void> {
    this.#waiting = this.#waiting.filter((one) => one.reader !== reader);
    await reader.release();
    await this.#read(reader.queue);
  }

  #lose(error: Error): void {
    this.#lost ??= error;
    if (this.#state !== 'open') return;
    this.#options.onLost(error);
    void this.close();
  }

  async close(): Promise<void> {
    this.#state = 'ended';
    clearTimeout(this.#sharing);
    this.#waiting = [];
    const readers = [...this.#readers.values()];
    for (const reader of readers) reader.end();
    await this.#connection.close([...readers, { channel: this.#channel }].map(({ channel }) => channel));
  }
}
