import {
  type AnyCommand,
  asStoredData,
  EventCatalog,
  InvalidArgumentError,
  LeftfoldError,
  statementsOf,
  tokenOf,
} from '@leftfold/core';
import { assertOptions, type OptionNames, thrownText } from '@leftfold/core/input';
import {
  type ConsumedMessage,
  type ConsumerDefinition,
  type MessageContext,
  toCloudEvent,
} from '@leftfold/messaging';
import { assertSame, fail } from '../given/assert-same.ts';
import { DEFAULT_NOW } from '../given/decision-context.ts';
import {
  type AnswerOptions,
  answerNames,
  assertAnswerOptions,
  recordingTo,
} from '../given/recorded-commands.ts';
import type { PlacedMessage } from './placed-message.ts';

/** Options of `givenMessages(...).consume(...)`. */
export interface ConsumeOptions extends AnswerOptions {
  /**
   * The transaction that handlers get, on a database of the test.
   *
   * @default one that throws when a handler uses it
   */
  readonly tx?: MessageContext['tx'];
}

/** A message that failed. */
export interface ParkedMessage {
  readonly key: string;
  /** The code of an error of the framework, such as `COMMAND_REJECTED`; otherwise what was thrown, as text. */
  readonly reason: string;
}

/** What a consumer did, with assertions. */
export interface Consumed {
  /** The commands that it executed, in their order. */
  readonly commands: readonly AnyCommand[];
  /** The messages that failed, and what was thrown. */
  readonly parked: readonly (ParkedMessage & { readonly error: unknown })[];
  /** @throws AssertionError when a message failed, or it executed other commands, or in another order */
  thenCommands(expected: readonly AnyCommand[]): void;
  /** @throws AssertionError when other messages failed, or for another reason */
  thenParked(expected: readonly ParkedMessage[]): void;
}

const optionNames: OptionNames<ConsumeOptions> = { ...answerNames, tx: true };

/** What the messages of a test have beside what the test says. */
const LINEAGE = 'test';

export async function consume(
  consumer: ConsumerDefinition,
  given: readonly PlacedMessage[],
  options: ConsumeOptions,
): Promise<Consumed> {
  assertOptions('options', options, optionNames);
  assertAnswerOptions(options);
  const { attempt = 1, tx = unusableTransaction(consumer.name) } = options;
  const commands: AnyCommand[] = [];
  const parked: Consumed['parked'][number][] = [];
  const aside = new Set<string>();
  for (const [index, one] of given.entries()) {
    const { source, key } = placeOf(one, consumer);
    const place = `${source}\n${key}`;
    if (aside.has(place)) continue;
    try {
      for (const message of readBy(consumer, one, index)) {
        const returned = await consumer.handlerOf(message.type)!(message, {
          tx,
          attempt,
          idempotencyKey: `${consumer.name}-${message.id}`,
          signal: new AbortController().signal,
          execute: recordingTo(commands, tokenOf({ position: index + 1, id: message.id }), options),
        });
        for (const statement of statementsOf(returned)) await tx.executeQuery(statement.compile(tx));
      }
    } catch (error) {
      aside.add(place);
      parked.push({ key, reason: LeftfoldError.is(error) ? error.code : thrownText(error), error });
    }
  }
  function thenCommands(expected: readonly AnyCommand[]): void {
    for (const { key, error } of parked)
      fail(`consumer "${consumer.name}" parked key "${key}": ${thrownText(error)}`, thenCommands);
    assertSame(commands, expected, `consumer "${consumer.name}" executed other commands`, thenCommands);
  }
  function thenParked(expected: readonly ParkedMessage[]): void {
    const actual = parked.map(({ key, reason }) => ({ key, reason }));
    assertSame(actual, expected, `consumer "${consumer.name}" parked other messages`, thenParked);
  }
  return { commands, parked, thenCommands, thenParked };
}

function placeOf({ message, key, source }: PlacedMessage, consumer: ConsumerDefinition) {
  const [first = ''] = consumer.sources;
  return { source: source ?? first, key: key ?? `${message.type.split('.', 1)[0]}-1` };
}

/** The message as the consumer reads it; of a retired type, what that is read as. @throws UnknownEventError, InvalidEventError */
function readBy(
  consumer: ConsumerDefinition,
  placed: PlacedMessage,
  index: number,
): readonly ConsumedMessage[] {
  const { type, schemaVersion, data, id = `message-${index + 1}` } = placed.message;
  const { source, key } = placeOf(placed, consumer);
  const time = placed.time ?? new Date(Date.parse(DEFAULT_NOW) + index * 1_000);
  const event = {
    type,
    schemaVersion,
    data: asStoredData(type, schemaVersion, data),
    id,
    streamId: key,
    streamVersion: index + 1,
    position: index + 1,
    recordedAt: time,
    metadata: {},
    tags: [],
  };
  const { attributes, sequence } = toCloudEvent(
    event,
    { event, source, key, previous: undefined, lineage: LINEAGE },
    'binary',
  );
  return new EventCatalog(consumer.messages, `consumer "${consumer.name}"`)
    .read(event, true)
    .map((read) => ({
      type: read.type,
      schemaVersion: read.schemaVersion,
      data: read.data,
      id,
      source,
      key,
      sequence,
      time,
      attributes,
    }))
    .filter((message) => consumer.handlerOf(message.type) !== undefined);
}

/** Stands in for a transaction: the first use of it says what to give. */
function unusableTransaction(consumer: string): MessageContext['tx'] {
  return new Proxy({} as MessageContext['tx'], {
    get: () => {
      throw new InvalidArgumentError(
        'tx',
        `is used by a handler of consumer "${consumer}"; give consume(…, { tx }) a transaction on a database of createTestDatabase()`,
      );
    },
  });
}
