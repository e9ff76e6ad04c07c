import { LeftfoldError, SubscriptionStalledError } from '@leftfold/core';
import { toLeftfoldError } from '@leftfold/postgres';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { identityOf, type Subscription } from '../subscription/subscription-definition.ts';
import type { FailedAttempts } from '../status/failed-attempts.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/** A batch that is not waited for any longer. @param limit the option that ended it, and its value */
export function batchTooLong(
  subscription: Subscription,
  { slice }: Pick<SubscriptionKey, 'slice'>,
  position: number,
  limit: string,
): SubscriptionStalledError {
  return new SubscriptionStalledError(
    identityOf(subscription, slice),
    position,
    `a batch did not end within ${limit} and was given up; find out what its handler waits for, or raise the limit`,
  );
}

/** A term without progress, whatever the reason: its lease is not renewed. */
export function termTooLong(
  subscription: Subscription,
  { slice }: Pick<SubscriptionKey, 'slice'>,
  position: number,
  { limit, lastFailure }: { readonly limit: string; readonly lastFailure: string | undefined },
): SubscriptionStalledError {
  const why = lastFailure === undefined ? 'nothing was written' : lastFailure;
  return new SubscriptionStalledError(
    identityOf(subscription, slice),
    position,
    `${why} for longer than ${limit}, so this process left the lease to another`,
  );
}

/** A handler that this process could not create. */
export function notStarted(
  subscription: Subscription,
  { slice, position }: Pick<LeaseTerm, 'slice' | 'position'>,
  lastFailure: string,
): SubscriptionStalledError {
  return new SubscriptionStalledError(
    identityOf(subscription, slice),
    position,
    `it could not be started: ${lastFailure}; this process left the lease to another, and tries again when none has it`,
  );
}

/** Attempts that keep failing for the state of the database. */
export function attemptsFailed(
  subscription: Subscription,
  { slice }: Pick<SubscriptionKey, 'slice'>,
  position: number,
  { lastFailure, cause }: { readonly lastFailure: string; readonly cause: unknown },
): SubscriptionStalledError {
  return new SubscriptionStalledError(
    identityOf(subscription, slice),
    position,
    `${lastFailure}; it tries again until it succeeds`,
    { cause },
  );
}

/** Attempts of something else than one event, without what a database message may quote. */
export function failedWithoutEvent(attempts: number, cause: unknown, schema: string): FailedAttempts {
  const typed = toLeftfoldError(cause, schema);
  const message = LeftfoldError.is(typed) ? typed.message : `an error with the code ${codeOf(cause)}`;
  return { position: undefined, type: undefined, attempts, message };
}

function codeOf(thrown: unknown): string {
  return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? String(thrown.code) : 'unknown';
}
