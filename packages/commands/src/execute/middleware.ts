import type { AnyCommand, EventMetadata, Rejection } from '@leftfold/core';
import type { AnyExpectedVersion } from '../decide/plan.ts';
import type { AnyResult } from './command-result.ts';

/** One execution of a command, as passed to middleware. `TReason`: the reasons that its `toRejection` gives. */
export interface CommandExecution<TReason extends string = never> {
  readonly command: AnyCommand;
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly name: string;
  readonly commandId: string;
  /** Metadata for every event of the command, correlation and causation included. */
  readonly metadata: EventMetadata;
  /** The version expected of the stream, or by role of a decision's streams. */
  readonly expectedVersion: AnyExpectedVersion;
  /**
   * Turns an error of the append into a rejection: nothing was appended, and the command's result is `rejected`. For a
   * rule that the database checks, such as a unique key of an inline projection. `undefined` leaves the error.
   *
   * @default leaves every error
   */
  readonly toRejection?: ((error: unknown) => Rejection<TReason> | undefined) | undefined;
}

/**
 * Runs around the execution of every command: for logging, tracing, measuring, authorization.
 *
 * Call `next` once, with the execution or a copy with other metadata or a `toRejection`, and return its result. Throw
 * instead of calling `next` to prevent the execution. All attempts of a command, and the validation of its input, happen
 * inside `next`.
 *
 * `TReason` names the reasons that `toRejection` gives, as in `CommandMiddleware<'email-taken'>`: every result has them
 * beside those of its command.
 *
 * @example
 * const asUser: CommandMiddleware = (execution, next) =>
 *   next({ ...execution, metadata: { ...execution.metadata, actor: currentUser() } });
 */
export type CommandMiddleware<TReason extends string = never> = (
  execution: CommandExecution,
  next: (execution: CommandExecution<TReason>) => Promise<AnyResult>,
) => Promise<AnyResult>;

/** The first middleware is the outermost. */
export function around(
  middleware: readonly CommandMiddleware<string>[],
  core: (execution: CommandExecution<string>) => Promise<AnyResult>,
): (execution: CommandExecution<string>) => Promise<AnyResult> {
  return middleware.reduceRight<(execution: CommandExecution<string>) => Promise<AnyResult>>(
    // The reasons of an outer middleware are in the types of the result already, so an inner one need not repeat them.
    (next, each) => async (execution) => each(execution as CommandExecution, next),
    core,
  );
}
