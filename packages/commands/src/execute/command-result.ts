import {
  type CommandEvent,
  type CommandReason,
  CommandRejectedError,
  type JsonObject,
  type NewEvent,
  type RecordedEvent,
} from '@leftfold/core';

interface Outcome {
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly command: string;
  readonly commandId: string;
  /**
   * Consistency token, for `query(…, { atLeast: token })`: the position of the last new event, or of what the decision
   * was based on when there is none.
   */
  readonly token: number;
  /** How often the command was decided and sent, conflicts with other writers included. 1 when nothing was in the way. */
  readonly attempts: number;
}

interface Accepted<TEvent extends RecordedEvent> extends Outcome {
  readonly outcome: 'accepted';
  /** The recorded events, in the order of the log. None when the decision was that nothing is to change. */
  readonly events: readonly TEvent[];
  /** True when a command of this id was executed before: the events are those of the first time. */
  readonly duplicate: boolean;
}

interface Rejected<TReason extends string> extends Outcome {
  readonly outcome: 'rejected';
  /** The domain's own word for why. */
  readonly reason: TReason;
  readonly details: JsonObject | undefined;
}

interface OneStream {
  /** Version of the stream's last event, as the command left it. 0 for a stream without events. */
  readonly streamVersion: number;
}

interface SeveralStreams<TRole extends string> {
  /** By role: the version of the stream's last event, as the decision left it. Without roles that got no events. */
  readonly streamVersions: { readonly [TName in TRole]?: number };
}

/** A command to one aggregate was decided, and its events are in the log. */
export interface AcceptedCommand<TEvent extends RecordedEvent = RecordedEvent>
  extends Accepted<TEvent>,
    OneStream {}

/** A business rule said no to a command. Nothing was appended. */
export interface RejectedCommand<TReason extends string = string> extends Rejected<TReason>, OneStream {}

/** A decision over several aggregates was taken, and its events are in the log. */
export interface AcceptedDecision<TEvent extends RecordedEvent = RecordedEvent, TRole extends string = string>
  extends Accepted<TEvent>,
    SeveralStreams<TRole> {}

/** A business rule said no to a decision over several aggregates. Nothing was appended. */
export interface RejectedDecision<TReason extends string = string, TRole extends string = string>
  extends Rejected<TReason>,
    SeveralStreams<TRole> {}

/** What any command leads to. Narrow it by `outcome`. */
export type AnyResult = AcceptedCommand | RejectedCommand | AcceptedDecision | RejectedDecision;

/** What this command leads to: `CommandResult<ReturnType<typeof account.command.open>>`. Narrow it by `outcome`. */
export type CommandResult<TCommand> = TCommand extends { readonly ids: infer TIds }
  ?
      | AcceptedDecision<RecordedAs<CommandEvent<TCommand>>, keyof TIds & string>
      | RejectedDecision<CommandReason<TCommand>, keyof TIds & string>
  : AcceptedCommand<RecordedAs<CommandEvent<TCommand>>> | RejectedCommand<CommandReason<TCommand>>;

type RecordedAs<TEvent> =
  TEvent extends NewEvent<infer TType, infer TData> ? RecordedEvent<TType, TData> : never;

/**
 * The accepted result, for callers to whom a refusal is a failure: `accepted(await app.execute(command)).events`.
 *
 * @throws CommandRejectedError when the command was refused
 */
export function accepted<TResult extends AnyResult>(
  result: TResult,
): Extract<TResult, { readonly outcome: 'accepted' }> {
  if (isAccepted(result)) return result;
  const { command, reason } = result as Extract<AnyResult, { readonly outcome: 'rejected' }>;
  throw new CommandRejectedError(command, reason);
}

function isAccepted<TResult extends AnyResult>(
  result: TResult,
): result is Extract<TResult, { readonly outcome: 'accepted' }> {
  return result.outcome === 'accepted';
}
