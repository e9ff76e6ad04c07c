import { LeftfoldError, SubscriptionMismatchError } from '@leftfold/core';
import type { Checkpoint } from '../sql/row.ts';
import { differencesBetween } from './definition-hash.ts';
import { identityOf, type Subscription } from './subscription-definition.ts';
import { mapKeyOf } from './subscription-key.ts';

/** Which subscriptions of this process differ from what the database has, so that this process leaves them alone. */
export class Mismatches {
  /** What their handlers write to is not as it is defined. */
  readonly #targets = new Map<string, SubscriptionMismatchError>();

  /** @returns undefined when this process may run the subscription */
  of(
    subscription: Subscription,
    { definition, definitionHash }: Checkpoint,
  ): SubscriptionMismatchError | undefined {
    if (definitionHash === subscription.definitionHash) return this.#targets.get(mapKeyOf(subscription.key));
    const differences = differencesBetween(definition, subscription.declared);
    return new SubscriptionMismatchError(identityOf(subscription), differences);
  }

  /**
   * Creates what a handler writes to.
   *
   * @throws what `prepare` of the definition throws, except for a mismatch, which is remembered
   */
  async prepare({ key, definition }: Subscription): Promise<void> {
    try {
      await definition.prepare?.();
      this.#targets.delete(mapKeyOf(key));
    } catch (error) {
      if (!isMismatch(error)) throw error;
      this.#targets.set(mapKeyOf(key), error);
    }
  }

  /**
   * Forgets a mismatch that has been mended meanwhile: by a reset of another process, or by hand. Does not throw: what
   * cannot be checked now is still a mismatch.
   */
  async recheck(subscription: Subscription): Promise<void> {
    if (this.has(subscription)) await this.prepare(subscription).catch(() => {});
  }

  /** True when what the handler writes to is not as it is defined. */
  has({ key }: Subscription): boolean {
    return this.#targets.has(mapKeyOf(key));
  }

  /** Everything was built anew, as this process defines it. */
  clear({ key }: Subscription): void {
    this.#targets.delete(mapKeyOf(key));
  }
}

function isMismatch(error: unknown): error is SubscriptionMismatchError {
  return LeftfoldError.is(error) && error.code === 'SUBSCRIPTION_MISMATCH';
}
