import { MessageRefusedError, TransportUnavailableError, uuidv7 } from '@leftfold/core';
import { type OutgoingMessage, type Publisher, type PublishOutcome, untilAborted } from '@leftfold/messaging';
import type { MsgHdrs } from '@nats-io/transport-node';
import { checkSubject, isApiError, messageSubject } from './declare-stream.ts';
import type { JetStreamConnection } from './jetstream-connection.ts';
import { sizeOf, toHeaders } from './message-headers.ts';
import { partitionOf, subjectTokenOf } from './message-subject.ts';
import { apiErrors } from './refusals.ts';

/** Most messages that are sent and not confirmed: of one key there is one. */
const MOST_AT_ONCE = 256;
/** Most bytes of them, unless one message is larger. */
const MOST_BYTES = 16 * 2 ** 20;

/**
 * Publishes to a stream. A message of a key is sent when the one before it is confirmed, so that none is stored without
 * those before it, whatever becomes of the servers; messages of different keys are sent together.
 */
export class StreamPublisher implements Publisher {
  readonly #connection: JetStreamConnection;

  constructor(connection: JetStreamConnection) {
    this.#connection = connection;
  }

  async publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly PublishOutcome[]> {
    signal.throwIfAborted();
    this.#assertOpen();
    const ended = new AbortController();
    const sending = this.#publishAll(messages, ended.signal);
    try {
      return await untilAborted(sending, signal);
    } finally {
      ended.abort();
    }
  }

  /** @param signal ends it: nothing more is sent, and what it resolves with means nothing */
  async #publishAll(messages: readonly OutgoingMessage[], signal: AbortSignal): Promise<PublishOutcome[]> {
    const outcomes: PublishOutcome[] = new Array<PublishOutcome>(messages.length).fill(undefined);
    const keys = placesByKey(messages).values();
    const publishKeys = async () => {
      for (const places of keys) {
        let refused: Error | undefined;
        for (const place of places) {
          if (signal.aborted) return;
          // Sound: the places are those of the messages.
          const message = messages[place]!;
          refused = refused === undefined ? await this.#publish(message) : this.#afterRefused(message);
          outcomes[place] = refused;
        }
      }
    };
    const largest = messages.reduce((most, { body }) => Math.max(most, body.byteLength), 1);
    const atOnce = Math.max(1, Math.min(MOST_AT_ONCE, Math.floor(MOST_BYTES / largest)));
    await Promise.all(Array.from({ length: atOnce }, publishKeys));
    return outcomes;
  }

  async #publish(message: OutgoingMessage): Promise<PublishOutcome> {
    const { settings, client } = this.#connection;
    const headers = toHeaders(message);
    const bytes = sizeOf(headers) + message.body.byteLength;
    const most = client.info?.max_payload ?? Number.POSITIVE_INFINITY;
    // The stream is named in one more header.
    if (bytes + EXPECTED_STREAM.length + settings.stream.length > most) return this.#tooLarge(message, most);
    const partition = partitionOf(message.key, settings.partitions);
    const subject = messageSubject(settings, partition, subjectTokenOf(message));
    try {
      await this.#store(subject, message.body, headers);
    } catch (error) {
      if (isStored(error)) return undefined;
      if (isApiError(error, apiErrors.messageTooLarge))
        return this.#tooLarge(message, 'the max_msg_size of the stream');
      throw this.#connection.errorOf(error);
    }
    return undefined;
  }

  async check(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    this.#assertOpen();
    const { settings, manager } = this.#connection;
    await this.#connection.asTransport(async () => {
      const { seq } = await this.#store(checkSubject(settings, uuidv7(Date.now())), new Uint8Array());
      await manager.streams.deleteMessage(settings.stream, seq, false);
    });
  }

  close(): Promise<void> {
    return this.#connection.close();
  }

  #store(subject: string, body: Uint8Array, headers?: MsgHdrs) {
    const { streams, settings } = this.#connection;
    const expect = { streamName: settings.stream };
    return streams.publish(subject, body, { expect, ...(headers === undefined ? {} : { headers }) });
  }

  #assertOpen(): void {
    if (this.#connection.isClosed)
      throw new TransportUnavailableError(this.#connection.name, 'the connection is closed');
  }

  #tooLarge({ id }: OutgoingMessage, most: number | string): MessageRefusedError {
    const limit =
      typeof most === 'number' ? `the ${most} bytes that the server takes, with its headers` : most;
    return new MessageRefusedError(
      this.#connection.name,
      id,
      `it has more than ${limit}; publish less of it, or raise the limit of the server`,
    );
  }

  #afterRefused({ id }: OutgoingMessage): MessageRefusedError {
    return new MessageRefusedError(
      this.#connection.name,
      id,
      'one before it with the same key was not taken',
    );
  }
}

const EXPECTED_STREAM = 'Nats-Expected-Stream: \r\n';

/** Whether the stream has the message already. One number stands for all that keeps a message from being stored. */
function isStored(error: unknown): boolean {
  return isApiError(error, apiErrors.notStored) && error.message.includes('per subject');
}

/** Which messages each key has, in their order. */
function placesByKey(messages: readonly OutgoingMessage[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const [place, { key }] of messages.entries()) {
    const ofKey = places.get(key);
    if (ofKey === undefined) places.set(key, [place]);
    else ofKey.push(place);
  }
  return places;
}
