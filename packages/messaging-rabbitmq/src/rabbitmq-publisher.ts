import { MessageRefusedError, TransportUnavailableError } from '@leftfold/core';
import { type OutgoingMessage, type Publisher, type PublishOutcome, untilAborted } from '@leftfold/messaging';
import type { AmqpConnection } from './amqp-connection.ts';
import { BrokerLimitError, ConfirmedChannel, type Route } from './confirmed-channel.ts';
import { headersOf, problemOf } from './message-properties.ts';
import { BUCKETS } from './rabbitmq-options.ts';
import { bucketOf, checkQueue, declareTopology, targetsOf } from './topology.ts';

/** Most keys whose bucket is remembered. */
const MAX_KEYS = 10_000;

const checkMessage: OutgoingMessage = {
  id: 'check',
  key: '',
  sequence: '0',
  attributes: {},
  body: new Uint8Array(),
  contentType: 'application/octet-stream',
};

/** A call of `publish`. */
interface Call {
  readonly messages: readonly OutgoingMessage[];
  readonly signal: AbortSignal;
  readonly onSent: () => void;
  /** Resolves when the call before it has ended. */
  readonly before: Promise<unknown>;
}

/** Publishes to an exchange, and waits until the queues behind it have each message. */
export class RabbitmqPublisher implements Publisher {
  readonly #connection: AmqpConnection;
  /** By bucket. */
  readonly #routes: readonly Route[];
  /** Of recent keys: the hash of one costs a tenth of a small message. */
  readonly #routeOfKey = new Map<string, Route>();
  /** The last call; does not reject. */
  #last: Promise<unknown> = Promise.resolve();
  #channel: Promise<ConfirmedChannel>;
  /** That of the options, or of the broker if that is lower. */
  #maxMessageBytes: number;
  /** False when messages came back: queues may have been deleted. */
  #isDeclared = true;

  private constructor(connection: AmqpConnection, channel: ConfirmedChannel) {
    const { settings } = connection;
    const { exchange } = settings;
    this.#connection = connection;
    this.#routes = Array.from({ length: BUCKETS }, (_, bucket) => ({
      exchange,
      routingKey: String(bucket),
      queues: targetsOf(settings, bucket),
    }));
    this.#channel = Promise.resolve(channel);
    this.#maxMessageBytes = settings.maxMessageBytes;
  }

  /** @throws TransportUnavailableError, TransportRefusedError */
  static async open(connection: AmqpConnection): Promise<RabbitmqPublisher> {
    await declareTopology(connection, connection.settings.consumers);
    return new RabbitmqPublisher(connection, await ConfirmedChannel.open(connection));
  }

  publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
    onSent: () => void = () => {},
  ): Promise<readonly PublishOutcome[]> {
    const call: Call = { messages, signal, onSent, before: this.#last };
    const publishing = this.#publish(call);
    this.#last = publishing.catch(() => {});
    return publishing;
  }

  async #publish(call: Call): Promise<readonly PublishOutcome[]> {
    const { signal, before } = call;
    signal.throwIfAborted();
    const channel = await this.#openChannel();
    const limit = this.#maxMessageBytes;
    try {
      return await untilAborted(this.#send(channel, call), signal, channel.ended);
    } catch (error) {
      if (!(error instanceof BrokerLimitError)) throw error;
      if (error.limit >= limit) throw this.#unavailable(error.message);
    }
    // It is known now which ones are too large. The others go once more, all of them, in their order: also those of the
    // calls before this one, whose channel ended with it.
    await untilAborted(before, signal);
    return this.#publish(call);
  }

  async #send(
    channel: ConfirmedChannel,
    { messages, signal, onSent }: Call,
  ): Promise<readonly PublishOutcome[]> {
    if (!this.#isDeclared) await declareTopology(this.#connection, this.#connection.settings.consumers);
    this.#isDeclared = true;
    const outcomes = new Array<PublishOutcome>(messages.length).fill(undefined);
    let unconfirmed = 0;
    let onLast = () => {};
    for (const [place, message] of messages.entries()) {
      const headers = headersOf(message);
      const problem = problemOf(message, headers, this.#maxMessageBytes);
      if (problem !== undefined) {
        outcomes[place] = this.#refused(message, problem);
        continue;
      }
      const room = channel.enter(message.body.byteLength);
      if (room !== undefined) await room;
      unconfirmed += 1;
      const onConfirmed = (returned: boolean) => {
        if (returned) outcomes[place] = this.#unroutable(message);
        unconfirmed -= 1;
        if (unconfirmed === 0) onLast();
      };
      channel.send({ message, headers, route: this.#routeOf(message.key), signal, onConfirmed });
    }
    onSent();
    if (unconfirmed === 0) return outcomes;
    return new Promise((resolve) => {
      onLast = () => resolve(outcomes);
    });
  }

  async check(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const channel = await this.#openChannel();
    this.#assertNotBlocked();
    const { settings } = this.#connection;
    const queue = checkQueue(settings);
    // An exchange whose name is empty passes a message on to the queue that its routing key names.
    const route: Route = { exchange: '', routingKey: queue, queues: [queue] };
    const checking = async () => {
      await this.#connection.answer(`exchange "${settings.exchange}" is not there`, () =>
        channel.channel.checkExchange(settings.exchange),
      );
      await channel.enter(checkMessage.body.byteLength);
      const returned = await new Promise<boolean>((onConfirmed) =>
        channel.send({ message: checkMessage, headers: {}, route, signal, onConfirmed }),
      );
      if (returned) throw this.#unavailable(`queue "${queue}" was deleted`);
      // RabbitMQ takes one message of each connection before it blocks it.
      this.#assertNotBlocked();
    };
    await untilAborted(checking(), signal, channel.ended);
  }

  /** @throws TransportUnavailableError when the broker has no memory or disk for messages */
  #assertNotBlocked(): void {
    const { blocked } = this.#connection;
    if (blocked !== undefined) throw this.#unavailable(`no publisher may send now (${blocked})`);
  }

  async close(): Promise<void> {
    const opened = await this.#channel.catch(() => undefined);
    await this.#connection.close(opened === undefined ? [] : [opened.channel]);
  }

  /** That of before, unless the broker closed it for a message that was too large. */
  async #openChannel(): Promise<ConfirmedChannel> {
    const opened = this.#channel;
    const channel = await opened;
    if (!channel.ended.aborted) return channel;
    const reason: unknown = channel.ended.reason;
    if (!(reason instanceof BrokerLimitError)) throw reason;
    this.#maxMessageBytes = Math.min(this.#maxMessageBytes, reason.limit);
    if (this.#channel === opened) this.#channel = ConfirmedChannel.open(this.#connection);
    return this.#openChannel();
  }

  #routeOf(key: string): Route {
    let route = this.#routeOfKey.get(key);
    if (route !== undefined) return route;
    route = this.#routes[bucketOf(key)]!; // one for each bucket
    if (this.#routeOfKey.size >= MAX_KEYS) this.#routeOfKey.clear();
    this.#routeOfKey.set(key, route);
    return route;
  }

  #unroutable(message: OutgoingMessage): MessageRefusedError {
    this.#isDeclared = false;
    return this.#refused(
      message,
      'no queue takes it, and it would be lost; name its consumers in the option consumers, or start one',
    );
  }

  #refused({ id }: OutgoingMessage, problem: string): MessageRefusedError {
    return new MessageRefusedError(this.#connection.name, id, problem);
  }

  #unavailable(problem: string): TransportUnavailableError {
    return new TransportUnavailableError(this.#connection.name, problem);
  }
}
