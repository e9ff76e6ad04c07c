import { type LogToken, SubscriptionNotFoundError } from '@leftfold/core';
import { assertObject } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { ParkedEvents } from '../parking/parked-events.ts';
import type { RewindOptions } from '../reset/reset-subscription.ts';
import { type RunnerOptions, toWaitOptions, type WaitForOptions } from '../runner/runner-options.ts';
import { SubscriptionRunner } from '../runner/subscription-runner.ts';
import { guarded, warner } from '../status/subscription-incident.ts';
import type { SubscriptionStatus } from '../status/subscription-status.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { Effect } from './effect.ts';
import { effectSubscription } from './effect-subscription.ts';
import { waitForAttempts } from './wait-for-attempts.ts';

export interface EffectRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  /** One word for messages, such as "reaction". */
  readonly kind: string;
  readonly effects: readonly Effect[];
  /** Creates what the effects write to. @default nothing */
  readonly migrate?: (() => Promise<void>) | undefined;
}

/** Runs effects, beside any number of other runners: what the runner of each kind of effect is made of. */
export class EffectRunner {
  /** Events that were set aside for keys that failed, and what an operator does with them. */
  readonly parked: ParkedEvents<SubscriptionRef>;
  readonly #kind: string;
  readonly #store: PostgresEventStore;
  readonly #effects: readonly Effect[];
  readonly #runner: SubscriptionRunner;

  /** @throws InvalidArgumentError, InvalidNameError, DuplicateDefinitionError */
  constructor({ kind, effects, ...options }: EffectRunnerOptions) {
    assertObject('an event store', 'store', options.store, ['schema', 'pool']);
    const onIncident = guarded(options.onIncident ?? warner());
    this.#kind = kind;
    this.#store = options.store;
    this.#effects = effects;
    this.#runner = new SubscriptionRunner({
      ...options,
      onIncident,
      subscriptions: effects.map((effect) => effectSubscription(effect, { ...options, onIncident })),
    });
    this.parked = this.parkedBy((ref: SubscriptionRef) => this.find(ref));
  }

  /** The same as `parked`, for those who refer to effects in another way. @param toRef throws SubscriptionNotFoundError */
  parkedBy<TRef>(toRef: (ref: TRef) => SubscriptionRef): ParkedEvents<TRef> {
    return this.#runner.parkedBy(toRef, async (ref, key) => this.find(toRef(ref)).givenUp?.(key));
  }

  migrate(): Promise<void> {
    return this.#runner.migrate();
  }

  start(): Promise<void> {
    return this.#runner.start();
  }

  stop(): Promise<void> {
    return this.#runner.stop();
  }

  async waitFor(ref: SubscriptionRef, token: LogToken, options?: WaitForOptions): Promise<void> {
    await this.#runner.waitFor(this.find(ref), token, options);
  }

  /** Waits until every event that is committed now is processed or parked, and no key waits for its next attempt. */
  async whenCaughtUp(ref: SubscriptionRef, options: WaitForOptions = {}): Promise<void> {
    const { name, version } = this.find(ref);
    const by = { store: this.#store, runner: this.#runner };
    const identity = { kind: this.#kind, name, version };
    await waitForAttempts(by, identity, toWaitOptions(options, Number.POSITIVE_INFINITY));
  }

  async resume(ref: SubscriptionRef): Promise<void> {
    await this.#runner.resume(this.find(ref));
  }

  async pause(ref: SubscriptionRef): Promise<void> {
    await this.#runner.pause(this.find(ref));
  }

  async reset(ref: SubscriptionRef): Promise<void> {
    await this.#runner.reset(this.find(ref));
  }

  /** Sets it back to a position: what follows is done once more. `call` is for messages. */
  async rewind(ref: SubscriptionRef, call: string, back: RewindOptions): Promise<void> {
    await this.#runner.rewind(this.find(ref), call, back);
  }

  /** False when this process defines the effect in another way than the row with this hash. */
  isSame(ref: SubscriptionRef, definitionHash: string | undefined): boolean {
    return this.#runner.isSame(this.find(ref), definitionHash);
  }

  status(): Promise<readonly SubscriptionStatus[]> {
    return this.#runner.status();
  }

  /** @throws SubscriptionNotFoundError */
  find(ref: SubscriptionRef): Effect {
    assertObject(`a ${this.#kind}`, this.#kind, ref, ['name', 'version']);
    const { name, version } = ref;
    const found = this.#effects.find((one) => one.name === name && one.version === version);
    if (found === undefined)
      throw new SubscriptionNotFoundError({ kind: this.#kind, name, version }, this.#effects);
    return found;
  }
}
