import { setMaxListeners } from 'node:events';
import { TransportUnavailableError } from '@leftfold/core';
import type { OutgoingMessage } from '@leftfold/messaging';
import type { ConfirmChannel } from 'amqplib';
import type { AmqpConnection } from './amqp-connection.ts';
import { brokerText, toTransportError } from './amqp-error.ts';
import { type MessageHeaders, propertiesOf } from './message-properties.ts';
import { PublishWindow } from './publish-window.ts';

/** What is known of a queue that takes nothing, and what to do. */
const NO_LEADER =
  'has no leader: find it with rabbitmq-queues, delete it, and publish again with rewind() what it held';

/** Where a message is sent, and who gets it. */
export interface Route {
  readonly exchange: string;
  readonly routingKey: string;
  /** Queues that it goes to, as far as they are known here; for errors. */
  readonly queues: readonly string[];
}

/** A message, and what is done with it. */
export interface Sending {
  readonly message: OutgoingMessage;
  readonly headers: MessageHeaders;
  readonly route: Route;
  readonly signal: AbortSignal;
  /** Told whether the message came back, because it would have reached no queue. Not called when the channel ends. */
  readonly onConfirmed: (returned: boolean) => void;
}

/** One message on its way. */
interface Unconfirmed {
  readonly messageId: string;
  readonly sentAt: number;
  readonly size: number;
  readonly route: Route;
  readonly onConfirmed: (returned: boolean) => void;
  returned: boolean;
}

/** The broker does not take a message that is so large, and has closed the channel. */
export class BrokerLimitError extends Error {
  /** Bytes of the largest body that it takes. */
  readonly limit: number;

  constructor(limit: number) {
    super(`the broker takes bodies of ${limit} bytes at most`);
    this.limit = limit;
  }
}

/** Sends messages on one channel, many at one time, and matches what the broker says of each. */
export class ConfirmedChannel {
  readonly channel: ConfirmChannel;
  readonly #connection: AmqpConnection;
  readonly #ended = new AbortController();
  readonly #window = new PublishWindow();
  /** In the order in which they were sent. */
  readonly #unconfirmed = new Set<Unconfirmed>();
  /** Where the first message was sent that is not confirmed for good. */
  #untaken: Route | undefined;
  #watching: NodeJS.Timeout | undefined;

  private constructor(connection: AmqpConnection, channel: ConfirmChannel) {
    this.#connection = connection;
    this.channel = channel;
    setMaxListeners(0, this.#ended.signal);
    channel.on('error', (error) => this.#end(limitIn(error) ?? error));
    channel.on('close', () => this.#end(connection.failure ?? new Error('the channel was closed')));
    channel.on('drain', () => this.#window.drained());
    channel.on('nack', () => this.#end(this.#refusal()));
    channel.on('return', ({ properties }) => this.#markReturned(properties.messageId));
  }

  static async open(connection: AmqpConnection): Promise<ConfirmedChannel> {
    return new ConfirmedChannel(connection, await connection.confirmChannel());
  }

  /** Aborted when nothing more is confirmed; the reason is a {@link BrokerLimitError}, or an error of the transport. */
  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /**
   * Makes room for a message, in the order of the calls.
   *
   * @param size bytes of its body
   * @returns undefined when there is room; otherwise resolves when there is
   */
  enter(size: number): Promise<void> | undefined {
    return this.#window.enter(size);
  }

  /** Sends a message that there is room for. @throws the signal's reason, or why the channel has ended: it is not sent then */
  send({ message, headers, route, signal, onConfirmed }: Sending): void {
    const size = message.body.byteLength;
    if (signal.aborted || this.#ended.signal.aborted) {
      this.#window.leave(size);
      throw signal.aborted ? signal.reason : this.#ended.signal.reason;
    }
    const properties = propertiesOf(message, headers);
    const { messageId = '' } = properties;
    const sent = { messageId, sentAt: performance.now(), size, route, onConfirmed, returned: false };
    this.#unconfirmed.add(sent);
    const body = Buffer.from(message.body.buffer, message.body.byteOffset, size);
    try {
      const { exchange, routingKey } = route;
      const confirmed = (error: unknown) => this.#confirm(sent, error);
      if (!this.channel.publish(exchange, routingKey, body, properties, confirmed)) this.#window.filled();
    } catch (thrown) {
      this.#end(thrown);
      throw this.#ended.signal.reason;
    }
    this.#watch();
  }

  /** RabbitMQ sends a message back before it confirms it. */
  #markReturned(messageId: unknown): void {
    for (const sent of this.#unconfirmed) if (sent.messageId === messageId) sent.returned = true;
  }

  #confirm(sent: Unconfirmed, error: unknown): void {
    if (this.#ended.signal.aborted) return;
    if (error) {
      // It was not taken, or the channel ends: amqplib calls for both, before it tells which it is.
      this.#untaken ??= sent.route;
      return;
    }
    this.#unconfirmed.delete(sent);
    this.#window.leave(sent.size);
    sent.onConfirmed(sent.returned);
  }

  /** Ends the channel when the message that waits longest is not confirmed in time. */
  #watch(): void {
    const { answerMs } = this.#connection.settings;
    this.#watching ??= setTimeout(() => {
      this.#watching = undefined;
      const [oldest] = this.#unconfirmed;
      if (oldest === undefined || this.#ended.signal.aborted) return;
      if (performance.now() - oldest.sentAt < answerMs) this.#watch();
      else this.#end(this.#silence(oldest.route, answerMs));
    }, answerMs / 4);
  }

  #refusal(): Error {
    const queues = this.#untaken === undefined ? 'a queue' : targetOf(this.#untaken);
    return new Error(`it does not take messages for ${queues}: a queue is full, or ${NO_LEADER}`);
  }

  #silence(route: Route, answerMs: number): Error {
    const { name, blocked } = this.#connection;
    const silent = `it has confirmed no message for ${targetOf(route)} in ${answerMs} ms`;
    return new TransportUnavailableError(
      name,
      blocked === undefined
        ? `${silent}; if it goes on, a queue ${NO_LEADER}`
        : `${silent}: no publisher may send now (${blocked})`,
    );
  }

  #end(thrown: unknown): void {
    if (this.#ended.signal.aborted) return;
    clearTimeout(this.#watching);
    const { name } = this.#connection;
    const known = thrown instanceof BrokerLimitError;
    this.#ended.abort(known ? thrown : toTransportError(name, 'messages are not confirmed', thrown));
  }
}

function targetOf({ queues, exchange, routingKey }: Route): string {
  const known = queues.map((queue) => `"${queue}"`).join(', ');
  return known === '' ? `routing key "${routingKey}" of exchange "${exchange}"` : known;
}

/** amqplib has no other sign of it than the words of the broker. */
function limitIn(error: unknown): BrokerLimitError | undefined {
  const limit = /message size \d+ is larger than (?:configured )?max size (\d+)/.exec(brokerText(error))?.[1];
  return limit === undefined ? undefined : new BrokerLimitError(Number(limit));
}
