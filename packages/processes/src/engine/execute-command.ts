import type { AnyResult } from '@leftfold/commands';
import type { AnyCommand, CustomMetadata, RecordedEvent } from '@leftfold/core';

/** Executes a command of a process, or one to an instance, such as `execute` of a command executor. */
export type ExecuteProcessCommand = (
  command: AnyCommand,
  options: ProcessExecuteOptions,
) => Promise<AnyResult>;

/** What a command of a process is executed with. */
export interface ProcessExecuteOptions {
  readonly commandId?: string | undefined;
  readonly causedBy?: RecordedEvent | undefined;
  readonly metadata?: CustomMetadata | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly expectedVersion?: number | undefined;
}
