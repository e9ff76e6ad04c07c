import { ProjectionNotInlineError } from '@leftfold/core';
import type { Demotion } from '../sql/row.ts';
import type { SliceState } from '../sql/leases.ts';
import type { Mismatches } from '../subscription/mismatches.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { refKeyOf, type SubscriptionRef } from '../subscription/subscription-key.ts';

/**
 * Tells why this process leaves subscriptions alone, or does not make them inline: once for each reason, and again when
 * it comes back.
 */
export class LeftAlone {
  readonly #mismatches: Mismatches;
  readonly #onError: (error: unknown, subscription: SubscriptionRef) => void;
  #told = new Set<string>();

  constructor(mismatches: Mismatches, onError: (error: unknown, subscription: SubscriptionRef) => void) {
    this.#mismatches = mismatches;
    this.#onError = onError;
  }

  /** @param slices all of one check */
  tell(subscriptions: Iterable<Subscription>, slices: readonly SliceState[]): void {
    const reasons = new Map<string, { readonly error: Error; readonly ref: SubscriptionRef }>();
    for (const subscription of subscriptions) {
      for (const error of this.#reasonsOf(subscription, slices))
        reasons.set(`${refKeyOf(subscription.ref)} ${error.message}`, { error, ref: subscription.ref });
    }
    for (const [key, { error, ref }] of reasons) if (!this.#told.has(key)) this.#onError(error, ref);
    this.#told = new Set(reasons.keys());
  }

  #reasonsOf(subscription: Subscription, slices: readonly SliceState[]): readonly Error[] {
    const refKey = refKeyOf(subscription.ref);
    const [first] = slices.filter((slice) => refKeyOf(slice) === refKey);
    return [
      this.#mismatches.ofTarget(subscription),
      first?.definition &&
        this.#mismatches.of(subscription, {
          definition: first.definition,
          definitionHash: first.definitionHash,
        }),
      subscription.definition.promote && first && demotedError(subscription, demotionOf(first)),
    ].filter((error) => error !== undefined);
  }
}

function demotionOf({ inline, inlineAfter, demotedAt, demotedBy }: SliceState): Demotion | undefined {
  if (inline || inlineAfter === undefined || demotedAt === undefined) return undefined;
  return {
    at: new Date(demotedAt * 1_000),
    by: demotedBy ?? 'unknown',
    inlineAfter: new Date(inlineAfter * 1_000),
  };
}

function demotedError(
  { kind, ref: { name, version } }: Subscription,
  demotion: Demotion | undefined,
): Error | undefined {
  if (demotion === undefined) return undefined;
  const { at, by, inlineAfter } = demotion;
  return new ProjectionNotInlineError(
    `"${name}" version ${version}`,
    `an append of ${by} at ${at.toISOString()} did not apply it, as one of an old release does not while a new one is deployed; no event is missing: a runner applies them until ${inlineAfter.toISOString()} at least, and makes it inline again once no such process appends; without a deployment, give all processes that append the same inline ${kind}s`,
  );
}
