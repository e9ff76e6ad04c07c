import { type AnyReaction, InvalidArgumentError, type LogToken } from '@leftfold/core';
import { assertEach, assertGivenFunction, assertObject, assertReaction, reading } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { EffectRunner } from '../effect/effect-runner.ts';
import type { ParkedEvents } from '../parking/parked-events.ts';
import type { RunnerOptions, WaitForOptions } from '../runner/runner-options.ts';
import type { SubscriptionStatus } from '../status/subscription-status.ts';
import type { ExecuteCommand } from './call-handler.ts';
import { reactionEffect } from './reaction-effect.ts';

/** What {@link createReactionRunner} takes. */
export interface ReactionRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  readonly reactions: readonly AnyReaction[];
  /** Executes the commands of the reactions, such as `execute` of a command executor. */
  readonly execute: ExecuteCommand;
}

/** A reaction's definition, or its name and version. */
export type ReactionRef = Pick<AnyReaction, 'name' | 'version'>;

/** What a reset of a reaction needs. */
export interface ResetReactionOptions {
  /** That all effects from the beginning of the log on happen once more. */
  readonly repeatEffects: true;
}

/**
 * Creates a runner that processes events with reactions. It makes no request to the database until `start()` or another
 * method is called.
 *
 * @throws DuplicateDefinitionError when two reactions have the same name and version.
 * @throws InvalidArgumentError when an option is out of range or misspelt, or `timeoutMs` of a reaction is more than half
 * of `batchTimeoutMs`.
 *
 * @example
 * ```ts
 * await using runner = createReactionRunner({ store, reactions: [confirmations], execute: executor.execute });
 * await runner.start();
 * ```
 */
export function createReactionRunner(options: ReactionRunnerOptions): ReactionRunner {
  assertObject('an object', 'options', options);
  return new ReactionRunner(reading('options', () => ({ ...options })));
}

/** Processes the events of the log with reactions, each event at least once, beside any number of other runners. */
export class ReactionRunner implements AsyncDisposable {
  /** Events that were set aside for keys that failed, and what an operator does with them. */
  readonly parked: ParkedEvents<ReactionRef>;
  readonly #runner: EffectRunner;

  constructor({ reactions, execute, ...options }: ReactionRunnerOptions) {
    const { batchTimeoutMs = 60_000 } = options;
    assertObject('an event store', 'store', options.store, ['schema', 'pool']);
    assertEach('reactions', reactions, assertReaction);
    assertGivenFunction('execute', execute);
    for (const { name, timeoutMs } of reactions)
      if (timeoutMs > batchTimeoutMs / 2)
        throw new InvalidArgumentError(
          `timeoutMs of reaction "${name}"`,
          `must be at most ${Math.floor(batchTimeoutMs / 2)}, not ${timeoutMs}: half of batchTimeoutMs, which is ${batchTimeoutMs}; lower it, or raise batchTimeoutMs (of an app: subscriptions.batchTimeoutMs)`,
        );
    const effects = reactions.map((reaction) => reactionEffect(reaction, execute));
    this.#runner = new EffectRunner({ ...options, kind: 'reaction', effects });
    this.parked = this.#runner.parked;
  }

  /** Creates checkpoints that do not exist yet: where a reaction starts is decided now. @throws like that of the store */
  migrate(): Promise<void> {
    return this.#runner.migrate();
  }

  /** Migrates, then begins to process events. @throws like {@link migrate}; TypeError when called twice */
  start(): Promise<void> {
    return this.#runner.start();
  }

  /**
   * Ends the calls of handlers by their signals, and releases the leases. Events whose handler was ended are processed
   * again by the next process. Does not throw.
   */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /**
   * Waits until a reaction has processed the event of a token, in whatever process it runs.
   *
   * @throws EventParkedError when the event is parked; SubscriptionTimeoutError, SubscriptionFailedError,
   * LogRewoundError, SubscriptionNotFoundError, ClosedError
   */
  waitFor(ref: ReactionRef, token: LogToken, options?: WaitForOptions): Promise<void> {
    return this.#runner.waitFor(ref, token, options);
  }

  /**
   * Waits until every event that is committed now is processed or parked.
   *
   * @param options.timeoutMs is Infinity by default
   * @throws like {@link waitFor}
   */
  whenCaughtUp(ref: ReactionRef, options?: WaitForOptions): Promise<void> {
    return this.#runner.whenCaughtUp(ref, options);
  }

  /** Lets a stopped reaction continue with the event that failed. @throws SubscriptionNotFoundError, StoreUnavailableError */
  resume(ref: ReactionRef): Promise<void> {
    return this.#runner.resume(ref);
  }

  /**
   * Starts a reaction over at the beginning of the log: all effects happen once more, except for the commands of handlers.
   *
   * @throws InvalidArgumentError without `repeatEffects: true`
   * @throws SubscriptionNotFoundError, StoreUnavailableError
   */
  async reset(ref: ReactionRef, options: ResetReactionOptions): Promise<void> {
    if ((options as Partial<ResetReactionOptions> | undefined)?.repeatEffects !== true)
      throw new InvalidArgumentError(
        'options',
        'must be { repeatEffects: true }: a reset repeats all effects',
      );
    await this.#runner.reset(ref);
  }

  /** @internal False when this process defines the reaction in another way than the row with this hash. */
  isSame(ref: ReactionRef, definitionHash: string | undefined): boolean {
    return this.#runner.isSame(ref, definitionHash);
  }

  /** State and progress of each reaction, in the order in which they were given. @throws StoreUnavailableError */
  status(): Promise<readonly SubscriptionStatus[]> {
    return this.#runner.status();
  }
}
