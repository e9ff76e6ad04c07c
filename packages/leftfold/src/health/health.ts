import type { Progress } from '@leftfold/core';
import { assertDuration, assertOptions, type OptionNames } from '@leftfold/core/input';
import { toLeftfoldError } from '@leftfold/postgres';
import { type AppParts, lookAt } from './app-parts.ts';
import { consumerStates } from './consumer-states.ts';

/** What {@link App.health} takes. */
export interface HealthOptions {
  /** How many seconds old the first event may be that a projection or reaction has not processed. @default any number */
  readonly maxLagSeconds?: number | undefined;
  /** Milliseconds in which the database has to answer. @default 1000 */
  readonly timeoutMs?: number | undefined;
}

/** How far an app is on its way to be ready: the part that is furthest behind, in positions up to the high-water mark. */
export interface ReadyProgress extends Progress {
  /** A line for each part that is not ready, with the reason. */
  readonly missing: readonly string[];
}

/** What {@link App.ready} takes. */
export interface ReadyOptions {
  /** Milliseconds; Infinity for no timeout. @default 60000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called several times in a second, while the database answers, and at the end. */
  readonly onProgress?: ((progress: ReadyProgress) => void) | undefined;
}

/** What a check has looked at. */
export type HealthKind = 'database' | 'projection' | 'reaction' | 'process' | 'relay' | 'consumer';

/** One part of an app. */
export interface HealthCheck {
  readonly kind: HealthKind;
  /** `database`, `projection balances`, `reaction confirmations`, `consumer shipping`; with ` v2` for another version than the first. */
  readonly name: string;
  readonly ok: boolean;
  /** In words, without data of events: what is wrong, or how far it is. */
  readonly message: string;
}

/** How an app is doing. */
export interface AppHealth {
  /** False when the app is closed: only a restart helps. A database that is away does not make it false. */
  readonly live: boolean;
  /** Whether all checks are ok. */
  readonly ready: boolean;
  readonly checks: readonly HealthCheck[];
}

const healthNames: OptionNames<HealthOptions> = { maxLagSeconds: true, timeoutMs: true };

const DEFAULT_TIMEOUT_MS = 1_000;
/** A subscription without an owner, or without progress, is reported after this time: a lease that changes hands is no failure. */
const WAITING_SECONDS = 10;

/**
 * Looks at the parts of an app, in one round trip, and one more for the deadlines of its processes. See `App.health`.
 *
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take; nothing else
 */
export async function healthOf(parts: AppParts, options: HealthOptions = {}): Promise<AppHealth> {
  assertOptions('options', options, healthNames);
  const { maxLagSeconds = Number.POSITIVE_INFINITY, timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  assertDuration('maxLagSeconds', maxLagSeconds);
  assertDuration('timeoutMs', timeoutMs);
  if (parts.isClosed()) {
    return { live: false, ready: false, checks: [databaseCheck(false, 'the app is closed')] };
  }
  const checks: HealthCheck[] = [];
  try {
    const [found, consumers] = await Promise.all([
      lookAt(parts, { timeoutMs }),
      consumerStates(parts.consumerRunner, { timeoutMs }),
    ]);
    checks.push(databaseCheck(true, 'it answers'));
    for (const { kind, label, problem, note, state, lag, lagSeconds, parked } of found) {
      const late =
        lagSeconds > Math.min(maxLagSeconds, state === 'waiting' ? WAITING_SECONDS : maxLagSeconds);
      const behind = `${lag} positions and ${lagSeconds.toFixed(1)} s behind`;
      const running = state === 'waiting' ? `no process runs it; ${behind}` : `${state}, ${behind}`;
      const message = problem ?? (note === undefined ? running : `${running}; ${note}`);
      const aside = parked.keys === 0 ? '' : `; ${parked.events} events of ${parked.keys} keys are parked`;
      checks.push({ kind, name: label, ok: problem === undefined && !late, message: `${message}${aside}` });
    }
    for (const { label, ok, message } of consumers)
      checks.push({ kind: 'consumer', name: label, ok, message });
  } catch (error) {
    const { message } = toLeftfoldError(error, parts.store.schema) as Error;
    checks.push(databaseCheck(false, message));
  }
  return { live: !parts.isClosed(), ready: checks.every(({ ok }) => ok), checks };
}

function databaseCheck(ok: boolean, message: string): HealthCheck {
  return { kind: 'database', name: 'database', ok, message };
}
