import { MessageRefusedError } from '@leftfold/core';
import type { OutgoingMessage, Publisher, PublishOutcome } from '@leftfold/messaging';
import { textArray } from '@leftfold/postgres';
import { answerMsFor, type OpenQueue } from './open-queue.ts';

/** Bodies of one statement, in bytes, unless one message is larger. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** Messages of one statement. */
const CHUNK = 1_000;
/** Largest body, in bytes: it is received as text of twice the size. */
const MOST_BYTES = 64 * 2 ** 20;

/** Publishes to the tables of a queue, one statement after another. */
export class QueuePublisher implements Publisher {
  readonly #queue: OpenQueue;

  constructor(queue: OpenQueue) {
    this.#queue = queue;
  }

  async publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly PublishOutcome[]> {
    const outcomes: PublishOutcome[] = [];
    for (const chunk of chunksOf(messages)) {
      signal.throwIfAborted();
      outcomes.push(...(await this.#publish(chunk)));
    }
    this.#queue.notifier.notify();
    return outcomes;
  }

  async #publish(messages: readonly OutgoingMessage[]): Promise<readonly PublishOutcome[]> {
    const { name } = this.#queue;
    const [first] = messages;
    if (first !== undefined && first.body.byteLength > MOST_BYTES)
      return [
        new MessageRefusedError(name, first.id, `it has more than ${MOST_BYTES} bytes; publish less of it`),
      ];
    const consumers = await this.#queue.asTransport(() => this.#insert(messages));
    if (consumers > 0) return messages.map(() => undefined);
    return messages.map(
      ({ id }) =>
        new MessageRefusedError(
          name,
          id,
          'the queue has no consumer, and the message would be lost; name its consumers in the option consumers, or start one',
        ),
    );
  }

  async #insert(messages: readonly OutgoingMessage[]): Promise<number> {
    const { schema, queue } = this.#queue.settings;
    // Alone, as the largest are, a body is sent as it is: an array of bodies is text of twice their size.
    const [only] = messages.length === 1 ? messages : [];
    const bodies = only === undefined ? '$5::bytea[]' : 'array[$5::bytea]';
    const [row] = await this.#queue.run<{ consumers: number }>({
      name: `leftfold publish ${only === undefined ? 'some' : 'one'} ${schema}`,
      text: `select "${schema}".publish($1, $2::text[], $3::text[], $4::text[], ${bodies}) as consumers`,
      values: [
        queue,
        textArray(messages.map(({ key }) => key)),
        textArray(messages.map(({ attributes }) => JSON.stringify(attributes))),
        textArray(messages.map(({ contentType }) => contentType)),
        only === undefined
          ? textArray(messages.map(({ body }) => `\\x${bytesOf(body).toString('hex')}`))
          : bytesOf(only.body),
      ],
      answerMs: answerMsFor(messages.reduce((sum, { body }) => sum + body.byteLength, 0)),
    });
    return Number(row?.consumers ?? 0);
  }

  async check(): Promise<void> {
    const { schema, queue } = this.#queue.settings;
    const text = `select "${schema}".check_queue($1)`;
    await this.#queue.asTransport(() => this.#queue.run({ name: undefined, text, values: [queue] }));
  }

  close(): Promise<void> {
    return this.#queue.close();
  }
}

/** The same bytes, not copied. */
function bytesOf({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

/** Divides messages in their order. One that is too large is alone. */
function* chunksOf(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let chunk: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.body.byteLength;
    if (chunk.length > 0 && (chunk.length === CHUNK || bytes + size > CHUNK_BYTES)) {
      yield chunk;
      chunk = [];
      bytes = 0;
    }
    chunk.push(message);
    bytes += size;
  }
  if (chunk.length > 0) yield chunk;
}
