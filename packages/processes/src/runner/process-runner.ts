import {
  type AnyProcess,
  InvalidArgumentError,
  type LogToken,
  type ProcessStateOf,
  SubscriptionNotFoundError,
} from '@leftfold/core';
import { assertEach, assertFunction, assertGivenFunction, assertObject, reading } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { applyMigrations } from '@leftfold/postgres';
import {
  EffectRunner,
  guarded,
  type ParkedEvents,
  toWaitOptions,
  type WaitForOptions,
  warner,
  withStoreErrors,
} from '@leftfold/subscriptions';
import type { ExecuteProcessCommand } from '../engine/execute-command.ts';
import { processEffect } from '../engine/process-effect.ts';
import { assertProcess, type ProcessVersions, versionsOf } from '../instance/process-versions.ts';
import { type FailingDeadlines, readFailingDeadlines } from '../sql/deadlines.ts';
import { countInstances, type ProcessInstance, readInstances } from '../sql/instances.ts';
import { functions, migrations } from '../sql/migrations.generated.ts';
import {
  type ForkOptions,
  type LoadedInstance,
  type OperateOptions,
  ProcessInstances,
} from './process-instances.ts';
import {
  type ProcessInstancesOptions,
  type ProcessRef,
  type ProcessRunnerOptions,
  type ProcessStatus,
  toInstancePage,
} from './process-runner-options.ts';
import { OpenVersions, type VersionProblem } from './open-versions.ts';
import { instanceExecutor } from './instance-executor.ts';
import { untilEnded } from './until-ended.ts';

/**
 * Creates a runner of processes. It makes no request to the database until `start()` or another method is called.
 *
 * @throws DuplicateDefinitionError when two processes have the same name and version.
 * @throws InvalidArgumentError when an option is out of range or misspelt, or `timeoutMs` of a process is more than half of
 * `batchTimeoutMs`.
 *
 * @example
 * ```ts
 * const executor = createCommandExecutor({ store, aggregates: [account, ...processAggregates([transfer])] });
 * await using runner = createProcessRunner({ store, processes: [transfer], execute: executor.execute });
 * await runner.start();
 * ```
 */
export function createProcessRunner(options: ProcessRunnerOptions): ProcessRunner {
  assertObject('an object', 'options', options);
  return new ProcessRunner(reading('options', () => ({ ...options })));
}

/**
 * Runs processes, beside any number of other runners: records the inputs of their instances, executes the commands that
 * they want, each once, and fires their deadlines.
 */
export class ProcessRunner implements AsyncDisposable {
  /** Instances that were set aside because an event of theirs failed, by their ids, and what an operator does with them. */
  readonly parked: ParkedEvents<ProcessRef>;
  readonly #store: PostgresEventStore;
  readonly #executeOnInstance: ExecuteProcessCommand;
  readonly #versions: readonly ProcessVersions[];
  readonly #runner: EffectRunner;
  readonly #openVersions: OpenVersions;

  constructor({ processes, execute, metadata, executeOnInstance, ...options }: ProcessRunnerOptions) {
    const { store, batchTimeoutMs = 60_000 } = options;
    assertObject('an event store', 'store', store, ['schema', 'pool']);
    assertEach('processes', processes, assertProcess);
    assertGivenFunction('execute', execute);
    assertFunction('executeOnInstance', executeOnInstance);
    for (const { name, timeoutMs } of processes)
      if (timeoutMs > batchTimeoutMs / 2)
        throw new InvalidArgumentError(
          `timeoutMs of process "${name}"`,
          `must be at most ${Math.floor(batchTimeoutMs / 2)}, not ${timeoutMs}: half of batchTimeoutMs, which is ${batchTimeoutMs}; lower it, or raise batchTimeoutMs (of an app: subscriptions.batchTimeoutMs)`,
        );
    const onIncident = guarded(options.onIncident ?? warner());
    this.#store = store;
    this.#executeOnInstance = executeOnInstance ?? instanceExecutor(store, processes, metadata);
    this.#versions = versionsOf(processes);
    const effects = this.#versions.map((versions) =>
      processEffect(versions, { store, execute, executeOnInstance: this.#executeOnInstance, onIncident }),
    );
    this.#runner = new EffectRunner({ ...options, onIncident, kind: 'process', effects });
    this.parked = this.#runner.parkedBy((ref: ProcessRef) => this.#of(ref).newest);
    this.#openVersions = new OpenVersions(store, this.#versions, onIncident);
  }

  /** Creates what is missing: where a process starts is decided now. @throws like that of the store */
  async migrate(): Promise<void> {
    const { pool, schema, answerMs } = this.#store;
    await applyMigrations(pool, { schema, component: 'processes', migrations, functions, answerMs });
    if (this.#versions.length > 0) await this.#runner.migrate();
  }

  /** Migrates, then begins to run. @throws like {@link migrate}; TypeError when called twice */
  async start(): Promise<void> {
    await this.migrate();
    await this.#openVersions.problems();
    await this.#runner.start();
  }

  /** Ends what is under way by its signals, and releases the leases: the next process goes on. Does not throw. */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** State and progress of each process, in the order of their first versions. @throws MissingRightsError, StoreUnavailableError */
  async status(): Promise<readonly ProcessStatus[]> {
    const names = this.#versions.map(({ name }) => name);
    const reading = withStoreErrors(this.#store, () =>
      Promise.all([countInstances(this.#store, names), readFailingDeadlines(this.#store, names)]),
    );
    const [all, [counts, failing]] = await Promise.all([this.#runner.status(), reading]);
    return all.map((status) => ({
      ...status,
      instances: counts.get(status.name) ?? [],
      failingDeadlines: failing.get(status.name) ?? { count: 0, first: undefined },
    }));
  }

  /**
   * Waits until a process has done the event of a token, in whatever process of the app it runs: an input is recorded then,
   * and what it wants is done after that.
   *
   * @throws EventParkedError when the event is parked; SubscriptionTimeoutError, SubscriptionFailedError,
   * LogRewoundError, SubscriptionNotFoundError, ClosedError
   */
  waitFor(ref: ProcessRef, token: LogToken, options?: WaitForOptions): Promise<void> {
    return this.#runner.waitFor(this.#of(ref).newest, token, options);
  }

  /**
   * Waits until every event that is committed now is done or parked; not until the instances have ended.
   *
   * @param options.timeoutMs is Infinity by default
   * @throws like {@link waitFor}
   */
  whenCaughtUp(ref: ProcessRef, options?: WaitForOptions): Promise<void> {
    return this.#runner.whenCaughtUp(this.#of(ref).newest, options);
  }

  /** Lets a stopped process go on with the event that failed. @throws SubscriptionNotFoundError, StoreUnavailableError */
  resume(ref: ProcessRef): Promise<void> {
    return this.#runner.resume(this.#of(ref).newest);
  }

  /** @internal False when this process defines it in another way than the row with this hash. */
  isSame(ref: ProcessRef, definitionHash: string | undefined): boolean {
    return this.#runner.isSame(this.#of(ref).newest, definitionHash);
  }

  /** @internal What is wrong with the versions of open instances, as of the last minute. @throws StoreUnavailableError */
  problems(): Promise<readonly VersionProblem[]> {
    return this.#openVersions.problems();
  }

  /** @internal The deadlines of each process that fail, counted up to `most`. @throws StoreUnavailableError */
  failingDeadlines(most: number): Promise<ReadonlyMap<string, FailingDeadlines>> {
    const names = this.#versions.map(({ name }) => name);
    return readFailingDeadlines(this.#store, names, most);
  }

  /**
   * Instances in the order of their ids, as of the events that the runner has done.
   *
   * @throws InvalidArgumentError; MissingRightsError for a role that may not read summaries and failures, as an operator;
   * StoreUnavailableError
   *
   * @example
   * for (const { id, failure } of await runner.instances(transfer, { status: 'failed' })) console.log(id, failure);
   */
  instances(ref: ProcessRef, options: ProcessInstancesOptions = {}): Promise<readonly ProcessInstance[]> {
    const { name } = this.#of(ref);
    const page = toInstancePage(options);
    return withStoreErrors(this.#store, () => readInstances(this.#store, name, page));
  }

  /**
   * Loads an instance from the log.
   *
   * @throws ProcessInstanceNotFoundError; ProcessVersionMissingError; MissingRightsError for a role that may not read events
   */
  load<TProcess extends ProcessRef>(
    ref: TProcess,
    id: string,
  ): Promise<LoadedInstance<TProcess extends AnyProcess ? ProcessStateOf<TProcess> : unknown>> {
    // Sound: the state is one of the process.
    return this.#instancesOf(ref).load(id) as Promise<never>;
  }

  /**
   * Waits until an instance has ended, and what it wanted is done. It may not have begun yet.
   *
   * @param options.timeoutMs is 5000 by default
   * @throws ProcessTimeoutError; the signal's reason; MissingRightsError, as {@link instances}; StoreUnavailableError
   *
   * @example
   * const { status, failure } = await runner.whenEnded(transfer, 't-1', { timeoutMs: 10_000 });
   */
  whenEnded(ref: ProcessRef, id: string, options: WaitForOptions = {}): Promise<ProcessInstance> {
    const { name } = this.#of(ref);
    const waiting = { ...toWaitOptions(options), statuses: () => this.#runner.status(), parked: this.parked };
    return untilEnded(this.#store, { process: name, id }, waiting);
  }

  /**
   * Pauses an instance: inputs are recorded, and nothing follows from them until it is resumed. Commands that it has issued
   * are executed still.
   *
   * @throws ProcessInstanceNotFoundError; ProcessOperationRefusedError when it has ended, or is paused
   */
  pauseInstance(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('pause', id, options);
  }

  /** Resumes a paused instance: it takes the inputs that have come meanwhile, in order. @throws like {@link pauseInstance} */
  resumeInstance(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('resume', id, options);
  }

  /**
   * Cancels an instance. With a function for `cancelled` its process decides what follows, and when it ends; without one, it
   * ends at once.
   *
   * @throws ProcessInstanceNotFoundError; ProcessOperationRefusedError when it has ended, is paused with such a function, or is
   * a saga whose pivot has succeeded or that is being compensated
   */
  cancel(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('cancel', id, options);
  }

  /**
   * Lets a failed instance go on: the commands of it that were rejected last are issued again. Its state stays as it is, and
   * its deadlines stay closed.
   *
   * @throws ProcessInstanceNotFoundError; ProcessOperationRefusedError when it has not failed, or no command was rejected
   */
  retry(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('retry', id, options);
  }

  /** Ends a failed instance for good, as cancelled: its process does not react to that. @throws like {@link retry} */
  abandon(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('abandon', id, options);
  }

  /**
   * Moves an instance to the newest version of its process, with the state that `migrate` of that version makes.
   *
   * @throws ProcessInstanceNotFoundError; ProcessOperationRefusedError when it has ended, or that version
   */
  move(ref: ProcessRef, id: string, options: OperateOptions): Promise<void> {
    return this.#instancesOf(ref).operate('move', id, options);
  }

  /**
   * Begins a new instance as another one was after its event `atVersion`: open deadlines are set anew, and the outputs of
   * that event are done again, in the name of the new instance; it publishes no event again. What the other one does is not
   * changed.
   *
   * @throws ProcessInstanceNotFoundError; ProcessOperationRefusedError when it had ended there, or the new one exists
   *
   * @example
   * await runner.fork(transfer, 't-1', { atVersion: 2, newId: 't-1-again', reason: 'the account was closed by mistake' });
   */
  fork(ref: ProcessRef, id: string, options: ForkOptions): Promise<void> {
    return this.#instancesOf(ref).fork(id, options);
  }

  #instancesOf(ref: ProcessRef): ProcessInstances {
    return new ProcessInstances(this.#store, this.#executeOnInstance, this.#of(ref));
  }

  /** @throws SubscriptionNotFoundError */
  #of(ref: ProcessRef): ProcessVersions {
    assertObject('a process', 'process', ref, ['name']);
    const found = this.#versions.find(({ name }) => name === ref.name);
    if (found !== undefined) return found;
    const given = this.#versions.map(({ newest }) => newest);
    throw new SubscriptionNotFoundError({ kind: 'process', name: ref.name }, given);
  }
}
