import {
  type AcceptedInput,
  type AnyProcess,
  assertId,
  type CancelledInput,
  InvalidArgumentError,
  InvalidCommandError,
  type ProcessMessageCommand,
  type RecordedEvent,
  type RecordedInput,
  type RejectedInput,
} from '@leftfold/core';
import {
  assertGivenText,
  assertObject,
  assertOptions,
  assertPlainObject,
  assertText,
  commandNameOf,
  parseWith,
  shownName,
} from '@leftfold/core/input';
import { type GivenEvent, type PlacedEvent, toPlaced } from './given-events.ts';
import { readBy } from './read-by.ts';

/** An input of a process that is no event and no message, without the id that it is recorded with. */
export type GivenOwnInput =
  | (Omit<AcceptedInput, 'id' | 'command'> & { readonly command?: string })
  | (Omit<RejectedInput, 'id' | 'command'> & { readonly command?: string })
  | Omit<CancelledInput, 'id'>;

/**
 * What a process takes in a test: an event, a message that `process.message(…)` makes, the answer to a command that was left
 * unanswered, or `{ type: 'cancelled', reason }`.
 */
export type GivenInput = GivenEvent | ProcessMessageCommand | GivenOwnInput;

/** An input with the instance that it is for; undefined where it is for any. */
export interface TargetedInput {
  readonly input: RecordedInput;
  readonly id: string | undefined;
}

const ownTypes: readonly unknown[] = ['accepted', 'rejected', 'cancelled'];

/** Where an input stands: it names the ids that a test leaves out. */
export interface InputPlace {
  readonly number: number;
  readonly now: Date;
}

/**
 * The inputs that a process makes of what a test gives.
 *
 * @throws InvalidArgumentError when it is none; InvalidEventError, InvalidCommandError when its data does not match its schema
 */
export function toInputs(
  process: AnyProcess,
  given: GivenInput,
  { number, now }: InputPlace,
): readonly TargetedInput[] {
  assertObject('an event, a message or an input', 'input', given, ['aggregate', 'type']);
  if (isMessage(given)) return [messageOf(process, given, number)];
  if (isOwn(given)) return [ownOf(given, number)];
  return toPlaced([given]).flatMap((placed, index) =>
    eventsOf(process, placed, { number: number + index, now }),
  );
}

const isMessage = (given: GivenInput): given is ProcessMessageCommand => 'aggregate' in given;

const isOwn = (given: GivenInput): given is GivenOwnInput => 'type' in given && ownTypes.includes(given.type);

function eventsOf(
  process: AnyProcess,
  { event, streamId, recordedAt }: PlacedEvent,
  { number, now }: InputPlace,
): readonly TargetedInput[] {
  const at = recordedAt ?? now;
  const recorded: RecordedEvent = {
    type: event.type,
    schemaVersion: event.schemaVersion,
    data: event.data,
    id: event.id ?? `event-${number}`,
    streamId: streamId ?? `${event.type.split('.', 1)[0]}-1`,
    streamVersion: number,
    position: number,
    recordedAt: at,
    metadata: event.metadata ?? {},
    tags: event.tags ?? [],
  };
  const read = readBy(process, [recorded]);
  if (read.length === 0)
    throw new InvalidArgumentError(
      'input',
      `is event "${event.type}", which process "${process.name}" does not read; it reads ${process.eventTypes.join(', ') || 'none'}`,
    );
  return read.flatMap((one) => {
    const id = process.instanceOf(one);
    const { type, data, streamId: stream } = one;
    const input: RecordedInput = { type, id: one.id, data, streamId: stream, recordedAt: at.toISOString() };
    return id === undefined ? [] : [{ input, id }];
  });
}

const ownNames = { type: true, as: true, command: true, reason: true, details: true } as const;

function ownOf(given: GivenOwnInput, number: number): TargetedInput {
  assertOptions('input', given, ownNames);
  const own: Partial<Omit<RejectedInput, 'type'>> = given;
  assertText('as', own.as);
  assertText('command', own.command);
  if (given.type !== 'accepted') assertGivenText('reason', own.reason);
  assertPlainObject('details', own.details);
  const command = given.type === 'cancelled' ? {} : { command: '' };
  return { input: { ...command, ...given, id: `input-${number}` } as RecordedInput, id: undefined };
}

function messageOf(process: AnyProcess, command: ProcessMessageCommand, number: number): TargetedInput {
  commandNameOf(command);
  const { aggregate, id, input } = command;
  assertId('instance id', id);
  assertObject('a message', 'input', input, ['type', 'data']);
  if (aggregate !== process.name)
    throw new InvalidArgumentError(
      'input',
      `is a message for process ${shownName(aggregate)}, not for "${process.name}"; make it by ${process.name}.message(…)`,
    );
  const { type, data } = input;
  assertGivenText('message type', type);
  const schema = Object.hasOwn(process.messages, type) ? process.messages[type] : undefined;
  if (schema === undefined)
    throw InvalidArgumentError.notOneOf(
      Object.keys(process.messages).join(' or ') || 'a message of the process',
      'input',
      type,
    );
  const parsed = parseWith('data', schema, data);
  if (!parsed.success) throw new InvalidCommandError(`${process.name}.receive`, parsed.issues);
  return { input: { type, id: `message-${number}`, data: parsed.data }, id };
}
