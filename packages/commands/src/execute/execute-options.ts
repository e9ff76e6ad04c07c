import type {
  CommandRole,
  CustomMetadata,
  ExpectedVersion,
  RecordedEvent,
  RetryOptions,
} from '@leftfold/core';
import type { CommandMetadata } from '../metadata/command-metadata.ts';

/** The version that the caller expects of the stream, or by role of the aggregates of a decision. */
export type ExpectedVersionOf<TCommand> = TCommand extends { readonly decision: string }
  ? { readonly [TRole in CommandRole<TCommand>]?: ExpectedVersion | undefined }
  : ExpectedVersion;

interface CommonOptions<TCommand> {
  /**
   * Idempotency key: executed again with this id, the command returns its first result and appends nothing. Costs no
   * round trip, unless the repeated command is rejected now. A rejection is not recorded.
   *
   * @default a new UUIDv7
   */
  readonly commandId?: string | undefined;
  /** The event that caused this command: the command joins its correlation. */
  readonly causedBy?: RecordedEvent | undefined;
  /**
   * The stream version that the caller has seen. At any other version, `execute` throws StreamVersionConflictError
   * without a retry.
   *
   * @default any version
   */
  readonly expectedVersion?: ExpectedVersionOf<TCommand> | undefined;
  /**
   * Ends the command with CommandAbortedError when it aborts: at once, whatever the command waits for. It appends nothing
   * afterwards, unless its append was sent before; then the error's `outcome` is `unknown`.
   */
  readonly signal?: AbortSignal | undefined;
  /** `false`: one attempt; a version conflict is thrown. @default the executor's policy */
  readonly retry?: RetryOptions | false | undefined;
}

/**
 * Options of one execution.
 *
 * `metadata` is required when the application's metadata schema has a required field.
 */
export type ExecuteOptions<
  TCommand = unknown,
  TOwn extends CustomMetadata = CustomMetadata,
> = CommonOptions<TCommand> &
  ({} extends TOwn
    ? { readonly metadata?: (CommandMetadata & TOwn) | undefined }
    : { readonly metadata: CommandMetadata & TOwn });

/** The second argument of `execute`; optional unless a metadata field is required. */
export type ExecuteArguments<TCommand, TOwn extends CustomMetadata> = {} extends TOwn
  ? [options?: ExecuteOptions<TCommand, TOwn>]
  : [options: ExecuteOptions<TCommand, TOwn>];
