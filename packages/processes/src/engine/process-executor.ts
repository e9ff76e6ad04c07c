import type { AnyResult, LoadedAggregate, LoadOptions } from '@leftfold/commands';
import type { AnyAggregate, AnyCommand, CustomMetadata, RecordedEvent } from '@leftfold/core';

/** What a runner of processes needs of a command executor, which must know `processAggregates(processes)`. */
export interface ProcessExecutor {
  execute(command: AnyCommand, options: ProcessExecuteOptions): Promise<AnyResult>;
  load(aggregate: AnyAggregate, id: string, options?: LoadOptions): Promise<LoadedAggregate<unknown>>;
}

/** Options of `execute`. */
export interface ProcessExecuteOptions {
  readonly commandId?: string | undefined;
  readonly causedBy?: RecordedEvent | undefined;
  readonly metadata?: CustomMetadata | undefined;
  readonly signal?: AbortSignal | undefined;
}
