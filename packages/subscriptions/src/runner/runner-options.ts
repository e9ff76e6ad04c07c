import {
  assertDuration,
  assertFunction,
  assertGiven,
  assertList,
  assertObject,
  assertOptions,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { assertId, type RetryOptions, toRetryPolicy } from '@leftfold/core';
import type { OnIncident } from '../status/subscription-incident.ts';
import type { SubscriptionDefinition } from '../subscription/subscription-definition.ts';
import type { WaitOptions } from '../wait/subscription-waiters.ts';

/** Options that every runner has, whatever its subscriptions are. */
export interface RunnerOptions {
  /** Name of this process in `status()`, of 1 to 255 characters. @default the host's name and the process id */
  readonly owner?: string | undefined;
  /**
   * Milliseconds until another process takes over from one that died. A lease is renewed three times in that time.
   *
   * @default 5000
   */
  readonly leaseMs?: number | undefined;
  /** Most events of a batch. The runner adapts the actual number to how fast batches are. @default 5000 */
  readonly batchSize?: number | undefined;
  /**
   * Milliseconds after which a batch that has not ended is given up: it is rolled back, an incident is reported, and
   * another process can take the lease.
   *
   * @default 60000
   */
  readonly batchTimeoutMs?: number | undefined;
  /** Milliseconds that `stop()` waits for batches that are being written; then they are rolled back. @default 10000 */
  readonly stopTimeoutMs?: number | undefined;
  /**
   * How an event that fails is retried before its subscription stops. `attempts` counts the first one too; the delay
   * doubles after each.
   *
   * @default attempts 5, firstDelayMs 100, maxDelayMs 10000
   */
  readonly retry?: RetryOptions | undefined;
  /**
   * Names the code that this process runs, such as a commit. A subscription that stopped is tried again by a release
   * with another name. 1 to 255 characters.
   *
   * @default a hash of the definition and of the source text of its functions
   */
  readonly release?: string | undefined;
  /** Called for each error. @default a warning of the process when a subscription stops, or is left to another release */
  readonly onIncident?: OnIncident | undefined;
}

/** What {@link createSubscriptionRunner} takes. */
export interface SubscriptionRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  readonly subscriptions: readonly SubscriptionDefinition[];
  /**
   * Creates what the handlers write to. Part of each `migrate()`: runs after the rows of the subscriptions were created.
   */
  readonly migrate?: (() => Promise<void>) | undefined;
}

/** How long a call waits. */
export interface WaitForOptions {
  /** Milliseconds; Infinity for no timeout. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

const waitForNames: OptionNames<WaitForOptions> = { timeoutMs: true, signal: true };

/** @throws InvalidArgumentError when an option is misspelt, or the timeout is none */
export function toWaitOptions(options: WaitForOptions, defaultMs = 5_000): WaitOptions {
  assertOptions('options', options, waitForNames);
  assertDuration('timeoutMs', options.timeoutMs);
  return { timeoutMs: options.timeoutMs ?? defaultMs, signal: options.signal };
}

const runnerNames: OptionNames<SubscriptionRunnerOptions> = {
  owner: true,
  leaseMs: true,
  batchSize: true,
  release: true,
  batchTimeoutMs: true,
  stopTimeoutMs: true,
  retry: true,
  onIncident: true,
  store: true,
  subscriptions: true,
  migrate: true,
};

const defaultRetry = { attempts: 5, firstDelayMs: 100, maxDelayMs: 10_000 };

/** Longer ones would overflow the timers of Node. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * The limits of a runner, with their defaults.
 *
 * @throws InvalidArgumentError when an option of the runner is misspelt, or a limit is none
 * @throws InvalidNameError when the owner or the release is empty, too long, or has control characters
 */
export function runnerLimits(options: SubscriptionRunnerOptions) {
  assertGiven('options', options, runnerNames);
  for (const name of ['owner', 'release'] as const)
    if (options[name] !== undefined) assertId(name, options[name]);
  for (const name of ['onIncident', 'migrate'] as const) assertFunction(name, options[name]);
  assertObject('an event store', 'store', options.store, ['schema', 'pool']);
  assertList('subscriptions', options.subscriptions);
  const { leaseMs = 5_000, batchSize = 5_000, batchTimeoutMs = 60_000, stopTimeoutMs = 10_000 } = options;
  assertWhole('leaseMs', leaseMs, { least: 100, most: MAX_TIMER_MS });
  assertWhole('batchSize', batchSize, { least: 1 });
  assertWhole('batchTimeoutMs', batchTimeoutMs, { least: 1, most: MAX_TIMER_MS });
  assertWhole('stopTimeoutMs', stopTimeoutMs, { least: 1, most: MAX_TIMER_MS });
  const retry = toRetryPolicy(options.retry, defaultRetry);
  return { leaseMs, batchSize, batchTimeoutMs, stopTimeoutMs, retry };
}
