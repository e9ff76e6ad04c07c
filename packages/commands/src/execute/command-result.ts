import {
  type AppendConditionFailedError,
  type CommandEvent,
  type CommandReason,
  type CommandRole,
  CommandRejectedError,
  type EventMetadata,
  type JsonObject,
  type LogToken,
  type NewEvent,
  type ReactionCommandResult,
  type RecordedEvent,
  type StreamVersionConflictError,
} from '@leftfold/core';
import { assertObject } from '@leftfold/core/input';

/** Another writer was first: an aggregate has another version, or an event was added that counts in a fold. */
export type ConflictError = StreamVersionConflictError | AppendConditionFailedError;

interface Outcome {
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly command: string;
  readonly commandId: string;
  /**
   * Consistency token, for `query(…, { atLeast: token })`: that of the last new event, or, when there is none, of the last
   * event that the decision was based on. For an empty stream, the beginning of the log.
   */
  readonly token: LogToken;
  /** Number of attempts, version conflicts included. 1 without a conflict. */
  readonly attempts: number;
  /**
   * Why it was decided again, in order: what another writer had changed between the read of an attempt and its append. Empty
   * without a conflict.
   */
  readonly conflicts: readonly ConflictError[];
}

interface Accepted<TEvent extends RecordedEvent> extends Outcome {
  readonly outcome: 'accepted';
  /** The recorded events, in log order. Empty when `decide` returned no events. */
  readonly events: readonly TEvent[];
  /** True when a command with this id was executed before: these are the events of that execution. */
  readonly duplicate: boolean;
}

interface Rejected<TReason extends string> extends Outcome {
  readonly outcome: 'rejected';
  /** The reason given to `reject`, a word of the domain. */
  readonly reason: TReason;
  readonly details: JsonObject | undefined;
}

interface OneStream {
  /** Version of the stream's last event after the command. 0 for a stream without events. */
  readonly streamVersion: number;
}

interface SeveralStreams<TRole extends string> {
  /**
   * By role of an aggregate: version of its last event after the decision. Without new events, as in a rejection, of all
   * roles; otherwise only of those that got some: a repeated decision is answered from its events.
   */
  readonly streamVersions: { readonly [TName in TRole]?: number };
}

/** A command to one aggregate was accepted; its events are recorded. */
export interface AcceptedCommand<TEvent extends RecordedEvent = RecordedEvent>
  extends Accepted<TEvent>,
    OneStream {}

/** A business rule rejected a command. Nothing was appended. */
export interface RejectedCommand<TReason extends string = string> extends Rejected<TReason>, OneStream {}

/** A decision was accepted; its events are recorded. */
export interface AcceptedDecision<TEvent extends RecordedEvent = RecordedEvent, TRole extends string = string>
  extends Accepted<TEvent>,
    SeveralStreams<TRole> {}

/** A business rule rejected a decision. Nothing was appended. */
export interface RejectedDecision<TReason extends string = string, TRole extends string = string>
  extends Rejected<TReason>,
    SeveralStreams<TRole> {}

/** The result of any command. Narrow it by `outcome`. */
export type AnyResult = AcceptedCommand | RejectedCommand | AcceptedDecision | RejectedDecision;

/**
 * The result of one command: `CommandResult<ReturnType<typeof account.command.open>>`. Narrow it by `outcome`.
 *
 * `TReason`: reasons of middleware, beside those of the command.
 */
export type CommandResult<
  TCommand,
  TMetadata extends EventMetadata = EventMetadata,
  TReason extends string = never,
> = TCommand extends { readonly decision: string }
  ?
      | AcceptedDecision<RecordedAs<CommandEvent<TCommand>, TMetadata>, CommandRole<TCommand>>
      | RejectedDecision<CommandReason<TCommand> | TReason, CommandRole<TCommand>>
  :
      | AcceptedCommand<RecordedAs<CommandEvent<TCommand>, TMetadata>>
      | RejectedCommand<CommandReason<TCommand> | TReason>;

type RecordedAs<TEvent, TMetadata extends EventMetadata> =
  TEvent extends NewEvent<infer TType, infer TData> ? RecordedEvent<TType, TData, TMetadata> : never;

/**
 * Returns an accepted result and throws for a rejected one, for callers that treat a rejection as a failure. Takes results of
 * `app.execute`, and of the `execute` that handlers of reactions and messages get.
 *
 * @throws CommandRejectedError when the command was rejected
 *
 * @example
 * const { events, token } = accepted(await app.execute(account.command.open('acc-1', { owner: 'Ada' })));
 */
export function accepted<TResult extends AnyResult | ReactionCommandResult>(
  result: TResult,
): Extract<TResult, { readonly outcome: 'accepted' }> {
  assertObject('the result of a command', 'result', result, ['outcome', 'command', 'reason']);
  if (isAccepted(result)) return result;
  const { command, reason } = result as Extract<ReactionCommandResult, { readonly outcome: 'rejected' }>;
  throw new CommandRejectedError(command, reason);
}

function isAccepted<TResult extends AnyResult | ReactionCommandResult>(
  result: TResult,
): result is Extract<TResult, { readonly outcome: 'accepted' }> {
  return result.outcome === 'accepted';
}
