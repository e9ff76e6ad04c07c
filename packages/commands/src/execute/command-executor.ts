import type {
  AnyAggregate,
  AnyCommand,
  AnyDecision,
  CommandOf,
  CustomMetadata,
  EventStore,
  MetadataSchema,
  MetadataWith,
  RetryOptions,
  SnapshotStore,
  StateOf,
} from '@leftfold/core';
import type { z } from 'zod';
import type { LoadedAggregate, LoadOptions } from '../load/load-options.ts';
import type { SnapshotOwner } from '../snapshot/snapshots.ts';
import type { CommandResult } from './command-result.ts';
import type { ExecuteArguments } from './execute-options.ts';
import type { CommandMiddleware } from './middleware.ts';

/** How many folded aggregate states a process keeps in memory. */
export interface CacheOptions {
  /** Number of states; the most recently used are kept. @default 1000 */
  readonly aggregates?: number | undefined;
}

/** What {@link createCommandExecutor} takes. */
export interface CommandExecutorOptions<
  TAggregates extends readonly AnyAggregate[],
  TDecisions extends readonly AnyDecision[],
  TMetadata extends MetadataSchema,
  TReason extends string = never,
> {
  readonly store: EventStore;
  readonly aggregates: TAggregates;
  readonly decisions?: TDecisions | undefined;
  /** A zod object of the application's own metadata fields. Required fields must be given with every command. */
  readonly metadata?: TMetadata | undefined;
  /** The first is the outermost. The reasons that they give are in the types of all results. */
  readonly middleware?: readonly CommandMiddleware<TReason>[] | undefined;
  /**
   * How often a command is attempted, and how long to wait in between, for all commands; `execute` can override it for
   * one command. Another attempt follows a version conflict; at most two follow when the store is unavailable. `false`
   * is one attempt. Delays have full jitter.
   *
   * @default 12 attempts, a first delay of up to 10 ms, no delay longer than 500 ms
   */
  readonly retry?: RetryOptions | false | undefined;
  /** Where snapshots are stored, for aggregates with a snapshot policy. @default no snapshots */
  readonly snapshots?: SnapshotStore | undefined;
  /** Called when a snapshot could not be read or written. The command is not affected. @default a process warning */
  readonly onSnapshotError?: ((error: unknown, owner: SnapshotOwner) => void) | undefined;
  /** `false` caches nothing: every command reads its aggregate from the store. @default 1000 aggregates */
  readonly cache?: CacheOptions | false | undefined;
  /** @default the system's clock */
  readonly now?: (() => Date) | undefined;
  /** Creates command ids and the ids that `decide` requests. @default UUIDv7 */
  readonly newId?: (() => string) | undefined;
  /** Random number from 0 up to 1, for the jitter of retry delays. @default Math.random */
  readonly random?: (() => number) | undefined;
}

type DecisionCommandOf<TDecision> = TDecision extends { command(...input: never): infer TCommand }
  ? TCommand
  : never;

/** Any command of these aggregates and decisions; any command at all where the aggregates are not known. */
export type ExecutableCommand<TAggregate, TDecision> = AnyAggregate extends TAggregate
  ? AnyCommand
  : CommandOf<TAggregate> | DecisionCommandOf<TDecision>;

/** Those of some commands that a value can be, as far as its type says. */
export type ParsedCommand<TCommand, TValue> = AnyCommand extends TCommand
  ? TCommand
  : Extract<TCommand, NamesIn<TValue>>;

/** Says nothing of data whose fields are not known. */
type NamesIn<TValue> = string extends keyof TValue
  ? unknown
  : {
      readonly [TName in keyof TValue & ('aggregate' | 'name' | 'decision')]: TValue[TName] extends string
        ? TValue[TName]
        : unknown;
    };

/**
 * Executes commands: load, decide, append. Made by {@link createCommandExecutor}.
 *
 * `TReason`: the reasons of its middleware; any reason where the aggregates are not known.
 */
export interface CommandExecutor<
  TAggregate extends AnyAggregate,
  TDecision extends AnyDecision,
  TOwn extends CustomMetadata,
  TReason extends string = AnyAggregate extends TAggregate ? string : never,
> extends AsyncDisposable {
  /**
   * Loads the aggregate, calls `decide` and appends the events with optimistic concurrency. After a version conflict it
   * does so again, up to `retry.attempts` times.
   *
   * A rejection by a business rule is a result, not an error. Calling again with the same `commandId` is safe after any
   * error: a command that was already executed returns its first result. Within a process, commands to one aggregate
   * run one after another.
   *
   * @throws UnknownCommandError, InvalidCommandError, InvalidNameError before the store is read.
   * @throws StreamVersionConflictError when the stream is not at `expectedVersion`, or the attempts are used up.
   * @throws CommandIdReusedError when the command id belongs to another command, or had another input.
   * @throws CommandAbortedError when `signal` aborts first.
   * @throws StoreUnavailableError when the database cannot be reached, ClosedError when the executor is closed.
   * @throws what `decide`, `evolve` or a middleware throws, unchanged. Nothing was appended.
   *
   * @example
   * const result = await executor.execute(account.command.withdraw('acc-1', { cents: 500 }), { commandId: 'order-17' });
   * if (result.outcome === 'rejected') return result.reason;
   */
  execute<TCommand extends ExecutableCommand<TAggregate, TDecision>>(
    command: TCommand,
    ...options: ExecuteArguments<TCommand, TOwn>
  ): Promise<CommandResult<TCommand, MetadataWith<TOwn>, TReason>>;

  /**
   * Loads an aggregate's state, current or historical.
   *
   * The current state reads the events since this process last loaded it. A historical state reads the stream from its
   * beginning up to that moment.
   */
  load<TLoaded extends TAggregate>(
    aggregate: TLoaded,
    id: string,
    options?: LoadOptions,
  ): Promise<LoadedAggregate<StateOf<TLoaded>>>;

  /**
   * Turns plain data into a command: from a queue, a form, another language. Its input is validated by `execute`.
   *
   * The type of the command is narrowed by the names in the type of the value: `{ aggregate: 'order', name: 'open', … }`
   * is that command, and unknown data is any command.
   *
   * @throws InvalidCommandError when the value does not have the shape of a command
   * @throws UnknownCommandError when no definition declares this command
   */
  parseCommand<const TValue>(value: TValue): ParsedCommand<ExecutableCommand<TAggregate, TDecision>, TValue>;

  /** Rejects further commands; resolves when running commands have ended and their snapshots are written. */
  close(): Promise<void>;
}

/** The metadata fields that a schema declares. */
export type CustomMetadataOf<TMetadata extends MetadataSchema> = z.input<TMetadata>;
