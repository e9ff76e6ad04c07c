import { type AnyProjection, SubscriptionFailedError } from '@leftfold/core';
import type { StoredFailure } from '@leftfold/subscriptions';

/** What messages call the subscription of a copy. */
export const REBUILD = 'rebuild of projection';

/** The error of a call that waits for a copy which has stopped. */
export function rebuildFailed(
  { name, version }: AnyProjection,
  { position, type, message }: StoredFailure,
): SubscriptionFailedError {
  const event = position === undefined || type === undefined ? undefined : { position, type };
  return new SubscriptionFailedError({ kind: REBUILD, name, version }, event, { cause: message });
}
