import {
  type AnyAggregate,
  type AnyCommand,
  type AnyDecision,
  assertId,
  ClosedError,
  type MetadataSchema,
  type RetryPolicy,
  estimatedSize,
  InFlight,
  type InFlightLimits,
  toRetryPolicy,
  uuidv7,
} from '@leftfold/core';
import {
  assertAggregate,
  assertDecision,
  assertEach,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertObject,
  assertOptions,
  assertPlainObject,
  assertSchema,
  commandNameOf,
  type OptionNames,
  ownInput,
  reading,
  thrownText,
} from '@leftfold/core/input';
import { AppendedTypes } from '../decide/appended-types.ts';
import { planOf } from '../decide/plan.ts';
import { Registry } from '../decide/registry.ts';
import { AggregateCache } from '../load/aggregate-cache.ts';
import { historyRangeOf, type LoadedAggregate, type LoadOptions } from '../load/load-options.ts';
import { FoldLoader } from '../load/fold-loader.ts';
import { Loader } from '../load/loader.ts';
import { PlanLoader } from '../load/plan-loader.ts';
import { tokenOfState } from '../load/folded.ts';
import { checkCustomMetadata, metadataOf } from '../metadata/command-metadata.ts';
import { fingerprintOf } from '../metadata/command-fingerprint.ts';
import { type SnapshotOwner, Snapshots } from '../snapshot/snapshots.ts';
import { tracedExecution } from './traced-execution.ts';
import { ContendedLanes } from '../stream-queue/contended-lanes.ts';
import { StreamQueues } from '../stream-queue/stream-queues.ts';
import type {
  CacheOptions,
  CommandExecutor,
  CommandExecutorOptions,
  CustomMetadataOf,
} from './command-executor.ts';
import { AbortListeners, Cancellation } from './cancellation.ts';
import type { AnyResult } from './command-result.ts';
import type { ExecuteOptions } from './execute-options.ts';
import { Execution } from './execution.ts';
import { around, type CommandExecution } from './middleware.ts';
import { parseCommand } from './parse-command.ts';

const executorNames: OptionNames<CommandExecutorOptions<[], [], MetadataSchema>> = {
  store: true,
  aggregates: true,
  decisions: true,
  metadata: true,
  middleware: true,
  retry: true,
  snapshots: true,
  onSnapshotError: true,
  cache: true,
  now: true,
  newId: true,
  random: true,
};
const executeNames: OptionNames<ExecuteOptions> = {
  commandId: true,
  causedBy: true,
  expectedVersion: true,
  retry: true,
  signal: true,
  metadata: true,
};
const cacheNames: OptionNames<CacheOptions> = { aggregates: true };

const DEFAULT_CACHED_AGGREGATES = 1000;
const defaultRetryPolicy: RetryPolicy = { attempts: 12, firstDelayMs: 10, maxDelayMs: 500 };

/** @throws InvalidArgumentError */
function assertExecutorOptions(
  options: CommandExecutorOptions<readonly AnyAggregate[], readonly AnyDecision[], MetadataSchema, string>,
): void {
  assertGiven('options', options, executorNames);
  assertObject('an event store', 'store', options.store);
  assertEach('aggregates', options.aggregates, assertAggregate);
  assertEach('decisions', options.decisions ?? [], assertDecision);
  assertEach('middleware', options.middleware ?? [], assertGivenFunction);
  if (options.metadata !== undefined) assertSchema('metadata', options.metadata);
  for (const name of ['onSnapshotError', 'now', 'newId', 'random'] as const)
    assertFunction(name, options[name]);
}

/**
 * Commands and loads that run or wait at a time, and the estimated bytes of the commands with their metadata. Each takes
 * 6 kB besides.
 */
const IN_FLIGHT_LIMITS: InFlightLimits = {
  what: 'commands and loads',
  count: 20_000,
  memory: 128 * 1024 * 1024,
};

/**
 * Creates a command executor for an event store.
 *
 * It has no connection of its own; closing it does not close the store.
 *
 * @throws DuplicateDefinitionError when two aggregates, or two decisions, have one name
 * @throws InvalidArgumentError when an option is out of range, or misspelt
 */
export function createCommandExecutor<
  const TAggregates extends readonly AnyAggregate[],
  const TDecisions extends readonly AnyDecision[] = readonly [],
  TMetadata extends MetadataSchema = MetadataSchema,
  TReason extends string = never,
>(
  options: CommandExecutorOptions<TAggregates, TDecisions, TMetadata, TReason>,
): CommandExecutor<TAggregates[number], TDecisions[number], CustomMetadataOf<TMetadata>, TReason> {
  type Executor = CommandExecutor<
    TAggregates[number],
    TDecisions[number],
    CustomMetadataOf<TMetadata>,
    TReason
  >;

  assertExecutorOptions(options);
  const {
    store,
    middleware = [],
    now = () => new Date(),
    newId = () => uuidv7(Date.now()),
    random = Math.random,
  } = options;
  const registry = new Registry(options.aggregates, options.decisions ?? []);
  const retryPolicy = toRetryPolicy(options.retry, defaultRetryPolicy);
  const cache = new AggregateCache(cacheSize(options.cache));
  const snapshots = new Snapshots(options.snapshots, guarded(options.onSnapshotError ?? warn));
  const loader = new Loader(store, cache, snapshots);
  const foldLoader = new FoldLoader(store, cache, loader);
  const planLoader = new PlanLoader(loader, foldLoader);
  const queues = new StreamQueues();
  const contended = new ContendedLanes();
  const appendedTypes = new AppendedTypes();
  const abortListeners = new AbortListeners();
  const context = { store, loader, foldLoader, planLoader, queues, contended, appendedTypes, random };
  const inFlight = new InFlight(IN_FLIGHT_LIMITS);
  let closed = false;

  async function execute(
    command: AnyCommand,
    given: ExecuteOptions,
    cancellation: Cancellation,
  ): Promise<AnyResult> {
    const commandId = given.commandId === undefined ? newId() : given.commandId;
    assertId('command id', commandId);
    cancellation.follow(given.signal, commandId);
    const name = commandNameOf(command);
    if (given.causedBy !== undefined) {
      assertObject('an event', 'causedBy', given.causedBy, ['id', 'metadata']);
      assertObject('an event', 'causedBy.metadata', given.causedBy.metadata, ['correlationId']);
    }
    assertPlainObject('metadata', given.metadata);
    const metadata = metadataOf(name, commandId, given.metadata, given.causedBy);
    const retry = toRetryPolicy(given.retry, retryPolicy);
    const moment = now();

    const run = around(middleware, async (execution: CommandExecution<string>) => {
      const plan = planOf(execution.command, registry, execution.expectedVersion);
      const { commandFingerprint: _, ...passed } = execution.metadata;
      const streamIds = plan.targets.map(({ streamId }) => streamId);
      const named = {
        ...passed,
        commandId,
        command: plan.name,
        // A command id that was made here comes only once.
        ...(given.commandId !== undefined && {
          commandFingerprint: fingerprintOf({ ...plan, commandId, streamIds }),
        }),
      };
      return new Execution(context, {
        plan,
        commandId,
        mayBeDuplicate: given.commandId !== undefined,
        metadata: checkCustomMetadata(options.metadata, plan.name, named),
        retry,
        now: moment,
        newId,
        cancellation,
        toRejection: execution.toRejection,
      }).run();
    });
    const own = reading('command', () => ({ ...command, input: ownInput(name, 'input', command.input) }));
    const execution = { command: own, name, commandId, metadata, expectedVersion: given.expectedVersion };
    return tracedExecution(execution, () => run(execution));
  }

  async function load(
    aggregate: AnyAggregate,
    id: string,
    at: LoadOptions = {},
  ): Promise<LoadedAggregate<unknown>> {
    assertObject('an aggregate', 'aggregate', aggregate, ['name']);
    registry.assertHas(aggregate);
    const stream = { aggregate, streamId: aggregate.streamId(id) };
    const range = historyRangeOf(at);
    const folded = await (range === undefined ? loader.load(stream) : loader.loadPast(stream, range));
    loader.handOut(stream, folded);
    const { state, streamVersion, position } = folded;
    return { state, streamVersion, position, token: tokenOfState(folded), exists: streamVersion > 0 };
  }

  async function whileOpen<TResult>(work: () => Promise<TResult>, input?: () => unknown): Promise<TResult> {
    if (closed) throw new ClosedError('the command executor');
    return inFlight.run(work, estimatedSize(input?.()));
  }

  async function close(): Promise<void> {
    closed = true;
    await inFlight.idle();
    await snapshots.idle();
  }

  // The casts hold by construction: results carry the events and reasons of the command's own definition, and states
  // those of the aggregate. The registry looks definitions up by name, which loses their types.
  return {
    execute: ((command: AnyCommand, given?: ExecuteOptions) => {
      const cancellation = new Cancellation(abortListeners);
      const work = whileOpen(
        () => execute(command, given ?? {}, cancellation),
        () => inputOf(command, given),
      );
      return cancellation.during(work);
    }) as Executor['execute'],
    load: (aggregate: AnyAggregate, id: string, at?: LoadOptions) => whileOpen(() => load(aggregate, id, at)),
    parseCommand(value) {
      const command = parseCommand(value);
      registry.assertKnown(command);
      return command as never;
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function cacheSize(cache: CacheOptions | false | undefined): number {
  if (cache === false) return 0;
  assertOptions('cache', cache, cacheNames);
  return cache?.aggregates ?? DEFAULT_CACHED_AGGREGATES;
}

function warn(error: unknown, { streamId }: SnapshotOwner): void {
  process.emitWarning(`snapshot of stream "${streamId}": ${thrownText(error)}`, 'LeftfoldWarning');
}

/** What the callback throws, or rejects with, must not fail the command, and not end the process. */
function guarded(onError: (error: unknown, owner: SnapshotOwner) => unknown): typeof onError {
  return (error, owner) => {
    try {
      const answer = onError(error, owner);
      if (answer instanceof Promise) answer.catch((thrown: unknown) => warn(thrown, owner));
    } catch (thrown) {
      warn(thrown, owner);
    }
  };
}

/** What a command holds in memory while it waits. @throws InvalidArgumentError when an option is misspelt or cannot be read */
function inputOf(command: AnyCommand, given: ExecuteOptions | undefined): unknown {
  assertOptions('options', given, executeNames);
  return [command, given?.metadata];
}
