import { LeftfoldError } from '@leftfold/core';
import { tell, warn } from '@leftfold/postgres';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';

/** An error in a runner. */
export interface SubscriptionIncident {
  /** Undefined when the error concerns all subscriptions, such as one while renewing leases. */
  readonly subscription: (SubscriptionRef & { readonly slice?: number | undefined }) | undefined;
  /** A `SubscriptionFailedError` when the subscription stopped; otherwise what was thrown, and the runner tries again. */
  readonly error: unknown;
  /** Whether the subscription stopped. */
  readonly stopped: boolean;
}

/** Receives every {@link SubscriptionIncident} of a runner. */
export type OnIncident = (incident: SubscriptionIncident) => void;

const WARNED = new Set([
  'EVENT_PARKED',
  'PROCESS_DEADLINE_FAILED',
  'PROCESS_DEFINITION_CHANGED',
  'PROCESS_VERSION_MISSING',
  'PROJECTION_NOT_INLINE',
  'RELEASE_OUTDATED',
  'SUBSCRIPTION_MISMATCH',
  'SUBSCRIPTION_STALLED',
]);

/** Each renewal of leases meets them again, until the database is changed. */
const WARNED_ONCE = new Set(['MISSING_RIGHTS', 'READ_ONLY_DATABASE']);

/**
 * Emits a warning of the process when a subscription stops, parks a key, is not inline, is left to another release, or cannot run with
 * the rights of this process, so that none of these goes unnoticed.
 */
export function warner(): OnIncident {
  const told = new Set<string>();
  return ({ error, stopped }) => {
    if (!LeftfoldError.is(error)) return;
    const { code } = error;
    if (!stopped && !WARNED.has(code) && (!WARNED_ONCE.has(code) || told.has(code))) return;
    told.add(code);
    process.emitWarning(error);
  };
}

/** A callback that throws, or rejects, must not end the process: its error becomes a warning. */
export function guarded<TIncident>(onIncident: (incident: TIncident) => void): (incident: TIncident) => void {
  return (incident) => {
    try {
      tell(onIncident, incident);
    } catch (error) {
      warn(error);
    }
  };
}
