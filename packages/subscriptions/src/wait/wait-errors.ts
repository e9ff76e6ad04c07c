import {
  ClosedError,
  ReleaseOutdatedError,
  SubscriptionFailedError,
  type SubscriptionIdentity,
} from '@leftfold/core';
import type { Checkpoint } from '../sql/row.ts';
import type { AllSlices } from '../subscription/all-slices.ts';
import { failedAttempts } from '../status/failed-attempts.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';

/** The error of a subscription that another process stopped, from what its row says. */
export function failedError(
  identity: SubscriptionIdentity,
  { failure }: Pick<Checkpoint, 'failure'>,
): SubscriptionFailedError {
  const { position, type, message } = failure ?? {};
  const event = position === undefined || type === undefined ? undefined : { position, type };
  return new SubscriptionFailedError(identity, event, { cause: message });
}

/** What failed, and is tried again: by the process that leads it, or by another release after one has stopped. */
export function whyBehind(
  subscription: Subscription,
  slices: AllSlices,
): SubscriptionFailedError | string | undefined {
  if (slices.failure !== undefined) return failedError(identityOf(subscription, slices.failedSlice), slices);
  return slices.retrying && failedAttempts(slices.retrying);
}

/** A newer release may go on. */
export function outdatedError(
  subscription: Subscription,
  { failure, failedSlice }: AllSlices,
): ReleaseOutdatedError {
  return new ReleaseOutdatedError(identityOf(subscription, failedSlice), { cause: failure?.message });
}

/** The runner ends, and with it all waits. */
export function stoppedError({ kind, ref }: Subscription): ClosedError {
  return new ClosedError(`the runner of ${kind} "${ref.name}"`);
}
