import { setTimeout as delay } from 'node:timers/promises';
import { TransportUnavailableError } from '@leftfold/core';
import type { Delivery, Receiver, ReceiverOptions } from '@leftfold/messaging';
import type { Msg } from '@nats-io/transport-node';
import type { DeclaredConsumer } from './declare-consumer.ts';
import { InFlight } from './in-flight.ts';
import type { JetStreamConnection } from './jetstream-connection.ts';
import { type MessageHead, readHeaders } from './message-headers.ts';
import { PullSubscription } from './pull-subscription.ts';
import { ReceiverGroup } from './receiver-group.ts';
import { trimStream } from './trim-stream.ts';

/** Milliseconds in which the other receivers tell a new one what they hold. */
const JOIN_MS = 250;
/** Milliseconds until a request for messages ends. It cannot be taken back: a receiver that is closed waits for it. */
const EXPIRES_MS = 1_000;
/** The same while there is room for fewer messages than there are partitions, which take turns. */
const EXPIRES_SOON_MS = 100;
/** Milliseconds between looks whether messages can be removed. */
const TRIM_MS = 30_000;
/** Milliseconds for what is in flight to be given back, when a receiver is closed. */
const CLOSE_MS = 2_000;

const ACKNOWLEDGED = '+ACK';
const IN_PROGRESS = '+WPI';
const GIVEN_BACK = '-NAK';

/** Receives the messages of those partitions of a consumer that no other receiver has. */
export class StreamReceiver implements Receiver {
  readonly #connection: JetStreamConnection;
  readonly #options: ReceiverOptions;
  readonly #group: ReceiverGroup;
  /** By partition. */
  readonly #pulls: readonly PullSubscription[];
  readonly #inFlight = new InFlight();
  readonly #timers: readonly NodeJS.Timeout[];
  /** Which partition is asked for first: they take turns. */
  #turn = 0;
  #acknowledged = 0;
  #ended = false;
  #closing: Promise<void> | undefined;

  constructor(
    connection: JetStreamConnection,
    { token, durables }: DeclaredConsumer,
    options: ReceiverOptions,
  ) {
    const { client, settings, name } = connection;
    this.#connection = connection;
    this.#options = options;
    this.#pulls = durables.map(
      (durable, partition) =>
        new PullSubscription(connection, {
          durable,
          room: () => this.#roomOf(partition),
          onMessage: (message) => this.#deliver(message, partition),
          onEnd: () => this.#continue(partition),
          onLost: (problem) => this.#lose(new TransportUnavailableError(name, problem)),
        }),
    );
    this.#group = new ReceiverGroup(connection, {
      consumer: token,
      holds: () => [...durables.keys()].filter((partition) => this.#holds(partition)),
      onChange: () => this.#pull(),
    });
    this.#timers = [
      setInterval(() => this.#keep(), settings.ackWaitMs / 3),
      setInterval(() => this.#trim(), TRIM_MS),
      setTimeout(() => void this.#join(), JOIN_MS),
    ];
    this.#group.announce();
    void client.closed().then((error) => this.#lose(error ?? new Error('the connection is closed')));
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #join(): Promise<void> {
    // Where this process stood still, what the others have told is still to be read, or to be told.
    const { client } = this.#connection;
    await client
      .flush()
      .then(() => client.flush())
      .catch(() => {});
    if (this.#ended) return;
    this.#group.join();
    this.#pull();
  }

  /** Whether messages of a partition are here, or may come. */
  #holds(partition: number): boolean {
    return this.#inFlight.countOf(partition) > 0 || (this.#pulls[partition]?.owed ?? 0) > 0;
  }

  /** Messages that a partition may ask for: a part of what is left of `prefetch`. */
  #roomOf(partition: number): { readonly messages: number; readonly expiresMs: number } {
    if (!this.#group.mayReceive(partition)) return { messages: 0, expiresMs: 0 };
    let room = this.#options.prefetch - this.#inFlight.count;
    let waiting = 0;
    for (const [other, { owed }] of this.#pulls.entries()) {
      room -= owed;
      if (owed === 0 && this.#group.has(other)) waiting += 1;
    }
    const messages = Math.ceil(Math.max(0, room) / waiting);
    return { messages, expiresMs: room < waiting ? EXPIRES_SOON_MS : EXPIRES_MS };
  }

  #pull(): void {
    if (this.#ended) return;
    for (const pull of this.#pulls.slice(this.#turn)) pull.pull();
    for (const pull of this.#pulls.slice(0, this.#turn)) pull.pull();
  }

  /** There is less of a partition here: what is left of `prefetch` may go to others, or the partition itself. */
  #continue(partition: number): void {
    if (!this.#group.has(partition) && !this.#holds(partition)) this.#group.announce();
    this.#turn = (partition + 1) % this.#pulls.length;
    this.#pull();
  }

  #deliver(message: Msg, partition: number): void {
    const { sequence, deliveries } = placeOf(message.reply ?? '');
    // One that came again by itself is worked on already.
    if (this.#inFlight.add(sequence, message, partition) || this.#ended) return;
    this.#options.onDelivery({
      ...headOf(message),
      body: message.data,
      redelivered: deliveries > 1,
      acknowledge: () => this.#acknowledge(sequence, partition),
    } satisfies Delivery);
  }

  #acknowledge(sequence: number, partition: number): void {
    if (this.#ended) return;
    const message = this.#inFlight.remove(sequence);
    if (message === undefined) return;
    this.#acknowledged += 1;
    this.#answer(message, ACKNOWLEDGED);
    this.#continue(partition);
  }

  /** Does nothing once the connection is closed: the message is delivered again. */
  #answer(message: Msg, answer: string): void {
    if (!this.#connection.isClosed) message.respond(answer);
  }

  /** The server gives what is in flight to others unless it hears of it, and other receivers do so with partitions. */
  #keep(): void {
    for (const message of this.#inFlight.inOrder()) this.#answer(message, IN_PROGRESS);
    this.#group.announce();
    this.#pull();
  }

  #trim(): void {
    if (this.#acknowledged === 0) return;
    this.#acknowledged = 0;
    trimStream(this.#connection).catch((error: unknown) => this.#lose(this.#connection.errorOf(error)));
  }

  #lose(error: Error): void {
    if (this.#ended) return;
    this.#end();
    this.#options.onLost(this.#connection.errorOf(error));
  }

  #end(): void {
    this.#ended = true;
    for (const timer of this.#timers) clearTimeout(timer);
  }

  async #close(): Promise<void> {
    this.#end();
    await Promise.race([this.#giveBack(), delay(CLOSE_MS, undefined, { ref: false })]);
    await this.#connection.close();
  }

  /** Messages are delivered again in the order in which they are given back. */
  async #giveBack(): Promise<void> {
    await Promise.all(this.#pulls.map((pull) => pull.drain()));
    for (const message of this.#inFlight.inOrder()) this.#answer(message, GIVEN_BACK);
    this.#inFlight.clear();
    this.#group.leave();
    await this.#connection.client.flush().catch(() => {});
  }
}

/** The headers of another program may be no headers. */
function headOf(message: Msg): MessageHead {
  try {
    return readHeaders(message.headers);
  } catch {
    return { attributes: {}, contentType: undefined };
  }
}

/**
 * What a reply subject says of its message: `$JS.ACK.<stream>.<consumer>.<deliveries>.<sequence>…`, or with a domain and an
 * account in front of the stream.
 */
function placeOf(reply: string): { readonly sequence: number; readonly deliveries: number } {
  const tokens = reply.split('.');
  const at = tokens.length <= 9 ? 4 : 6;
  return { deliveries: Number(tokens[at]), sequence: Number(tokens[at + 1]) };
}
