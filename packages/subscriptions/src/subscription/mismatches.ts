import { LeftfoldError, ReleaseOutdatedError, SubscriptionMismatchError } from '@leftfold/core';
import type { Checkpoint } from '../sql/row.ts';
import { continuedBy, differencesBetween } from './definition-hash.ts';
import { identityOf, type Subscription } from './subscription-definition.ts';
import { refKeyOf } from './subscription-key.ts';

/** Which subscriptions of this process differ from what the database has, so that this process leaves them alone. */
export class Mismatches {
  /** What their handlers write to is not as it is defined. */
  readonly #targets = new Map<string, SubscriptionMismatchError>();

  /** @returns undefined when this process may run the subscription */
  of(
    subscription: Subscription,
    { definition, definitionHash }: Pick<Checkpoint, 'definition' | 'definitionHash'>,
  ): SubscriptionMismatchError | ReleaseOutdatedError | undefined {
    if (definitionHash === subscription.definitionHash) return this.ofTarget(subscription);
    const newer = continuedBy(definitionHash);
    if (newer !== undefined)
      return new ReleaseOutdatedError(identityOf(subscription), { cause: newerVersion(newer) });
    const differences = differencesBetween(definition, subscription.declared);
    return new SubscriptionMismatchError(identityOf(subscription), differences);
  }

  /**
   * Creates what a handler writes to.
   *
   * @throws what `prepare` of the definition throws, except for a mismatch, which is remembered
   */
  async prepare({ ref, definition }: Subscription): Promise<void> {
    try {
      await definition.prepare?.();
      this.#targets.delete(refKeyOf(ref));
    } catch (error) {
      if (!isMismatch(error)) throw error;
      this.#targets.set(refKeyOf(ref), error);
    }
  }

  /**
   * Forgets a mismatch that has been mended meanwhile: by a reset of another process, or by hand. Does not throw: what
   * cannot be checked now is still a mismatch.
   */
  async recheck(subscription: Subscription): Promise<void> {
    if (this.has(subscription)) await this.prepare(subscription).catch(() => {});
  }

  /** Why what the handler writes to cannot be used. */
  ofTarget({ ref }: Subscription): SubscriptionMismatchError | undefined {
    return this.#targets.get(refKeyOf(ref));
  }

  /** True when what the handler writes to is not as it is defined. */
  has({ ref }: Subscription): boolean {
    return this.#targets.has(refKeyOf(ref));
  }

  /** Everything was built anew, as this process defines it. */
  clear({ ref }: Subscription): void {
    this.#targets.delete(refKeyOf(ref));
  }
}

function newerVersion(newer: number): Error {
  return new Error(
    `version ${newer} goes on where it was, and this process does not run that; to go back to this definition, deploy it as version ${newer + 1}`,
  );
}

function isMismatch(error: unknown): error is SubscriptionMismatchError {
  return LeftfoldError.is(error) && error.code === 'SUBSCRIPTION_MISMATCH';
}
