import { MessageRefusedError } from '@leftfold/core';
import { type OutgoingMessage, type Publisher, type PublishOutcome, untilAborted } from '@leftfold/messaging';
import type { OpenStream } from './open-stream.ts';
import { entryArguments } from './stream-entry.ts';

/** Messages that are on their way at one time. */
const ROUND = 1_000;
/** Their bodies have so many bytes at most, unless one has more. */
const ROUND_BYTES = 4 * 2 ** 20;
/** Largest body, in bytes. */
export const LARGEST_BODY = 16 * 2 ** 20;

const TOO_LARGE = `its body has more than ${LARGEST_BODY} bytes; publish less of it`;
const AFTER_REFUSED =
  'a message of its key before it was refused, and it names that; publish it again without';
const NO_CONSUMER =
  'the stream has no consumer, and the message would be lost; name its consumers in the option `consumers`, or start one';

/** Adds messages to the partitions of their keys. */
export class StreamPublisher implements Publisher {
  readonly #stream: OpenStream;

  constructor(stream: OpenStream) {
    this.#stream = stream;
  }

  async publish(
    messages: readonly OutgoingMessage[],
    signal: AbortSignal,
  ): Promise<readonly PublishOutcome[]> {
    const outcomes = new Map<OutgoingMessage, PublishOutcome>();
    /** What follows a message that is refused names it as the one before. */
    const refusedKeys = new Set<string>();
    for (const round of roundsOf(messages)) {
      signal.throwIfAborted();
      const parts = this.#byPartition(round).map(async ([partition, part]) => {
        const taken = part.filter((message) => {
          if (!fits(message)) refusedKeys.add(message.key);
          return !refusedKeys.has(message.key);
        });
        const consumers = taken.length === 0 ? 0 : await this.#add(partition, taken);
        const isTaken = new Set(consumers > 0 ? taken : []);
        for (const message of part)
          outcomes.set(message, isTaken.has(message) ? undefined : this.#refusal(message, refusedKeys));
      });
      await untilAborted(Promise.all(parts), signal);
    }
    return messages.map((message) => outcomes.get(message));
  }

  #refusal(message: OutgoingMessage, refusedKeys: ReadonlySet<string>): MessageRefusedError {
    const ofKey = refusedKeys.has(message.key) ? AFTER_REFUSED : NO_CONSUMER;
    const problem = fits(message) ? ofKey : TOO_LARGE;
    return new MessageRefusedError(this.#stream.settings.name, message.id, problem);
  }

  /** Messages by partition, in their order. */
  #byPartition(messages: readonly OutgoingMessage[]): readonly (readonly [number, OutgoingMessage[]])[] {
    const parts = new Map<number, OutgoingMessage[]>();
    for (const message of messages) {
      const partition = this.#stream.keys.partitionOf(message.key);
      const part = parts.get(partition);
      if (part === undefined) parts.set(partition, [message]);
      else part.push(message);
    }
    return [...parts];
  }

  /** @returns how many consumers get them */
  async #add(partition: number, messages: readonly OutgoingMessage[]): Promise<number> {
    const { settings, keys, connection } = this.#stream;
    const { consumers, rememberedKeys, partitions } = settings;
    const added = await connection.run(
      'publish',
      [keys.messages(partition), keys.runs(partition), keys.runsBefore(partition)],
      [
        keys.channel,
        Math.ceil(rememberedKeys / partitions),
        consumers.length,
        ...consumers,
        ...messages.flatMap(entryArguments),
      ],
    );
    return Number(added);
  }

  async check(signal: AbortSignal): Promise<void> {
    const { keys, connection } = this.#stream;
    await untilAborted(connection.replaceEntry(keys.check), signal);
  }

  close(): Promise<void> {
    this.#stream.connection.close();
    return Promise.resolve();
  }
}

function fits({ body }: OutgoingMessage): boolean {
  return body.byteLength <= LARGEST_BODY;
}

function* roundsOf(messages: readonly OutgoingMessage[]): Generator<readonly OutgoingMessage[]> {
  let round: OutgoingMessage[] = [];
  let bytes = 0;
  for (const message of messages) {
    const size = message.body.byteLength;
    if (round.length > 0 && (round.length === ROUND || bytes + size > ROUND_BYTES)) {
      yield round;
      round = [];
      bytes = 0;
    }
    round.push(message);
    bytes += size;
  }
  if (round.length > 0) yield round;
}
