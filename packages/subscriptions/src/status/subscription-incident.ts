import { LeftfoldError } from '@leftfold/core';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/** An error in a runner. */
export interface SubscriptionIncident {
  /** Undefined when the error concerns all subscriptions, such as one while renewing leases. */
  readonly subscription: SubscriptionKey | undefined;
  /** A `SubscriptionFailedError` when the subscription stopped; otherwise what was thrown, and the runner tries again. */
  readonly error: unknown;
  /** Whether the subscription stopped. */
  readonly stopped: boolean;
}

/** Receives every {@link SubscriptionIncident} of a runner. */
export type OnIncident = (incident: SubscriptionIncident) => void;

const WARNED = new Set([
  'PROJECTION_NOT_INLINE',
  'RELEASE_OUTDATED',
  'SUBSCRIPTION_MISMATCH',
  'SUBSCRIPTION_STALLED',
]);

/**
 * Emits a warning of the process when a subscription stops, is not inline, or is left to another release, so that none
 * of these goes unnoticed.
 */
export function warnWhenStopped({ error, stopped }: SubscriptionIncident): void {
  const warned = stopped || (LeftfoldError.is(error) && WARNED.has(error.code));
  if (warned && error instanceof Error) process.emitWarning(error);
}

/** A callback that throws, or rejects, must not end the process: its error becomes a warning. */
export function guarded(onIncident: OnIncident): (incident: SubscriptionIncident) => void {
  const warn = (error: unknown) => process.emitWarning(error instanceof Error ? error : String(error));
  return (incident) => {
    try {
      const answer: unknown = onIncident(incident);
      if (answer instanceof Promise) answer.catch(warn);
    } catch (error) {
      warn(error);
    }
  };
}
