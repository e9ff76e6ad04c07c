export type {
  CacheOptions,
  CommandExecutor,
  CommandExecutorOptions,
  ExecutableCommand,
  CustomMetadataOf,
  ParsedCommand,
} from './execute/command-executor.ts';
export {
  accepted,
  type AcceptedCommand,
  type AcceptedDecision,
  type AnyResult,
  type CommandResult,
  type RejectedCommand,
  type RejectedDecision,
} from './execute/command-result.ts';
export { createCommandExecutor } from './execute/create-command-executor.ts';
export type { ExecuteArguments, ExecuteOptions } from './execute/execute-options.ts';
export type { CommandExecution, CommandMiddleware } from './execute/middleware.ts';
export type { LoadedAggregate, LoadOptions } from './load/load-options.ts';
export type { CommandMetadata } from './metadata/command-metadata.ts';
export type { SnapshotOwner } from './snapshot/snapshots.ts';
