import type { AnyCommand, EventMetadata } from '@leftfold/core';
import type { AnyExpectedVersion } from '../decide/plan.ts';
import type { AnyResult } from './command-result.ts';

/** One execution of a command, as a middleware sees it. */
export interface CommandExecution {
  readonly command: AnyCommand;
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly name: string;
  readonly commandId: string;
  /** What every event of the command will carry. Correlation and causation are filled in. */
  readonly metadata: EventMetadata;
  /** What the caller demands of the stream, or of a decision's streams by role. */
  readonly expectedVersion: AnyExpectedVersion;
}

/**
 * Runs around the execution of every command: for logging, tracing, measuring, authorization.
 *
 * Call `next` once, with the execution or a copy of it with other metadata, and give back its result. What is thrown
 * instead of calling it keeps the command from being executed. All tries of a command happen within one `next`; its
 * input is checked in there.
 *
 * @example
 * const asUser: CommandMiddleware = (execution, next) =>
 *   next({ ...execution, metadata: { ...execution.metadata, actor: currentUser() } });
 */
export type CommandMiddleware = (
  execution: CommandExecution,
  next: (execution: CommandExecution) => Promise<AnyResult>,
) => Promise<AnyResult>;

/** The first middleware is the outermost. */
export function around(
  middleware: readonly CommandMiddleware[],
  core: (execution: CommandExecution) => Promise<AnyResult>,
): (execution: CommandExecution) => Promise<AnyResult> {
  return middleware.reduceRight<(execution: CommandExecution) => Promise<AnyResult>>(
    (next, each) => async (execution) => each(execution, next),
    core,
  );
}
