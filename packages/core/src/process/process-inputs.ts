import type { z } from 'zod';
import type { AnyEventGroup, RecordedEventOf } from '../event/define-events.ts';
import type { JsonObject, JsonValue } from '../event/json.ts';
import type { EventSchema } from '../event/schema-versions.ts';

/** Schemas of the messages of other services that a process takes, by type: `payment.settled`. */
export type ProcessMessages = Readonly<Record<string, EventSchema>>;

/** An event of the log that concerns an instance. */
export interface EventInput<TType extends string = string, TData = JsonValue> {
  readonly type: TType;
  /** Identifies the input: an instance takes it once. */
  readonly id: string;
  readonly data: TData;
  readonly streamId: string;
  /** When the event was appended, by the clock of the database: ISO 8601. */
  readonly recordedAt: string;
}

/** A message of another service. */
export interface MessageInput<TType extends string = string, TData = JsonValue> {
  readonly type: TType;
  readonly id: string;
  readonly data: TData;
}

/** A command that the process has issued was accepted. Recorded only when `evolve` or `react` has `accepted`. */
export interface AcceptedInput {
  readonly type: 'accepted';
  readonly id: string;
  /** What the command was issued as. */
  readonly as?: string | undefined;
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly command: string;
}

/** A command that the process has issued was rejected by a business rule. */
export interface RejectedInput {
  readonly type: 'rejected';
  readonly id: string;
  /** What the command was issued as. */
  readonly as?: string | undefined;
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly command: string;
  readonly reason: string;
  readonly details?: JsonObject | undefined;
}

/** A deadline of the instance is over. */
export interface DeadlineInput<TDeadline extends string = string> {
  readonly type: 'deadline';
  readonly id: string;
  readonly name: TDeadline;
}

/** An operator cancels the instance. */
export interface CancelledInput {
  readonly type: 'cancelled';
  readonly id: string;
  readonly reason: string;
}

/** The types of what is no event and no message. They have no dot, unlike those. */
export const ownInputTypes = ['accepted', 'rejected', 'deadline', 'cancelled'] as const;

/** Everything that an instance can take, by type. */
export type ProcessInputs<
  TGroups extends readonly AnyEventGroup[],
  TMessages extends ProcessMessages,
  TDeadline extends string,
> = {
  readonly [TEvent in RecordedEventOf<TGroups[number]> as TEvent['type']]: EventInput<
    TEvent['type'],
    TEvent['data']
  >;
} & {
  readonly [TType in keyof TMessages & string]: MessageInput<TType, z.output<TMessages[TType]>>;
} & {
  readonly accepted: AcceptedInput;
  readonly rejected: RejectedInput;
  readonly deadline: DeadlineInput<TDeadline>;
  readonly cancelled: CancelledInput;
};

/** An input as it is recorded in the stream of an instance, whatever its type. */
export interface RecordedInput extends JsonObject {
  readonly type: string;
  readonly id: string;
  /** Of an answer. */
  readonly as?: string | undefined;
  /** Of a rejection, and of a cancellation. */
  readonly reason?: string | undefined;
  /** Of a deadline. */
  readonly name?: string | undefined;
}
