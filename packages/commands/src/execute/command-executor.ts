import type {
  AnyAggregate,
  AnyDecision,
  CommandOf,
  EventStore,
  SnapshotStore,
  StateOf,
} from '@leftfold/core';
import type { z } from 'zod';
import type { LoadedAggregate, LoadOptions } from '../load/load-options.ts';
import type { MetadataSchema, CustomMetadata } from '../metadata/command-metadata.ts';
import type { RetryPolicy } from '../retry/retry-policy.ts';
import type { SnapshotOwner } from '../snapshot/snapshots.ts';
import type { CommandResult } from './command-result.ts';
import type { ExecuteArguments } from './execute-options.ts';
import type { CommandMiddleware } from './middleware.ts';

/** How many folded aggregates a process keeps in memory. */
export interface CacheOptions {
  /** The ones used last are kept. @default 1000 */
  readonly aggregates?: number | undefined;
}

/** What {@link createCommandExecutor} takes. */
export interface CommandExecutorOptions<
  TAggregates extends readonly AnyAggregate[],
  TDecisions extends readonly AnyDecision[],
  TMetadata extends MetadataSchema,
> {
  readonly store: EventStore;
  readonly aggregates: TAggregates;
  readonly decisions?: TDecisions | undefined;
  /** A zod object of the application's own metadata fields; a field that it requires must be given with each command. */
  readonly metadata?: TMetadata | undefined;
  /** The first is the outermost. */
  readonly middleware?: readonly CommandMiddleware[] | undefined;
  /** For all commands; `execute` may say otherwise for one. */
  readonly retry?: RetryPolicy | false | undefined;
  /** Where the snapshots of aggregates with a snapshot policy are kept. @default no snapshots */
  readonly snapshots?: SnapshotStore | undefined;
  /** Called when a snapshot could not be read or written; it cost time only. @default a process warning */
  readonly onSnapshotError?: ((error: unknown, owner: SnapshotOwner) => void) | undefined;
  /** `false` keeps nothing in memory, so that every command reads its aggregate from the store. */
  readonly cache?: CacheOptions | false | undefined;
  /** @default the system's clock */
  readonly now?: (() => Date) | undefined;
  /** Makes command ids, and the ids that decisions ask for. @default ids that sort by time */
  readonly newId?: (() => string) | undefined;
  /** From 0 up to 1: spreads the waits before another try. @default Math.random */
  readonly random?: (() => number) | undefined;
}

type DecisionCommandOf<TDecision> = TDecision extends { command(...input: never): infer TCommand }
  ? TCommand
  : never;

/** Any command of these aggregates and decisions. */
export type ExecutableCommand<TAggregate, TDecision> = CommandOf<TAggregate> | DecisionCommandOf<TDecision>;

/** Executes commands: load, decide, append. Made by {@link createCommandExecutor}. */
export interface CommandExecutor<
  TAggregate extends AnyAggregate,
  TDecision extends AnyDecision,
  TOwn extends CustomMetadata,
> extends AsyncDisposable {
  /**
   * Loads the aggregate, decides, and appends the events if no other writer came first; if one did, all of it again,
   * a bounded number of times.
   *
   * A refusal by a business rule is a result. Safe to call again with the same `commandId` after any error: a command
   * that was executed answers as the first time. Commands to one aggregate run one after another within a process.
   *
   * @throws UnknownCommandError, InvalidCommandError, InvalidNameError before anything is read.
   * @throws StreamVersionConflictError when the stream is not at `expectedVersion`, or the attempts are used up.
   * @throws EventIdReusedError when the command id belongs to another command.
   * @throws StoreUnavailableError when the database cannot be reached, or the executor is closed.
   * @throws whatever `decide`, `evolve` or a middleware throws, untouched. Nothing was appended.
   */
  execute<TCommand extends ExecutableCommand<TAggregate, TDecision>>(
    command: TCommand,
    ...options: ExecuteArguments<TCommand, TOwn>
  ): Promise<CommandResult<TCommand>>;

  /**
   * An aggregate's state, now or at an earlier moment.
   *
   * The present state costs reading the events since this process last saw it. A past one costs reading the stream
   * up to it.
   */
  load<TLoaded extends TAggregate>(
    aggregate: TLoaded,
    id: string,
    options?: LoadOptions,
  ): Promise<LoadedAggregate<StateOf<TLoaded>>>;

  /**
   * A command that came as data: from a queue, a form, another language. Its input is checked when it is executed.
   *
   * @throws InvalidCommandError when it has not the shape of a command
   * @throws UnknownCommandError when no definition has this command
   */
  parseCommand(value: unknown): ExecutableCommand<TAggregate, TDecision>;

  /** Refuses further commands, and resolves when those that run have ended and their snapshots are written. */
  close(): Promise<void>;
}

/** The own metadata fields that a schema asks for. */
export type CustomMetadataOf<TMetadata extends MetadataSchema> = z.input<TMetadata>;
