import type { ExpectedVersion, RecordedEvent } from '@leftfold/core';
import type { CommandMetadata, CustomMetadata } from '../metadata/command-metadata.ts';
import type { RetryPolicy } from '../retry/retry-policy.ts';

/** What the caller demands of the stream; of a decision's streams, by role. */
export type ExpectedVersionOf<TCommand> = TCommand extends { readonly ids: infer TIds }
  ? { readonly [TRole in keyof TIds]?: ExpectedVersion }
  : ExpectedVersion;

interface CommonOptions<TCommand> {
  /**
   * Names this request for ever: executed again, it answers as the first time and appends nothing. It costs no round
   * trip, except when the repeated command would now be refused. A refusal is not remembered.
   *
   * @default a new one
   */
  readonly commandId?: string | undefined;
  /** The event that this command is the answer to: the command joins its correlation. */
  readonly causedBy?: RecordedEvent | undefined;
  /**
   * The version that the caller saw. A stream that moved on meanwhile is a StreamVersionConflictError, and nothing is
   * tried again.
   *
   * @default any
   */
  readonly expectedVersion?: ExpectedVersionOf<TCommand> | undefined;
  /** `false`: one try, and a conflict with another writer is the caller's. @default the executor's */
  readonly retry?: RetryPolicy | false | undefined;
}

/**
 * How to execute one command.
 *
 * `metadata` may be left out only when the application has no own field that must be there.
 */
export type ExecuteOptions<
  TCommand = unknown,
  TOwn extends CustomMetadata = CustomMetadata,
> = CommonOptions<TCommand> &
  ({} extends TOwn
    ? { readonly metadata?: (CommandMetadata & TOwn) | undefined }
    : { readonly metadata: CommandMetadata & TOwn });

/** The second argument of `execute`, which may be left out when nothing in it must be there. */
export type ExecuteArguments<TCommand, TOwn extends CustomMetadata> = {} extends TOwn
  ? [options?: ExecuteOptions<TCommand, TOwn>]
  : [options: ExecuteOptions<TCommand, TOwn>];
