import { assertId, type SubscriptionIdentity } from '@leftfold/core';
import { assertWhole } from '@leftfold/core/input';
import type { Transaction } from 'kysely';
import type { SubscriptionHandler } from '../handler/subscription-handler.ts';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { type SubscriptionKey, type SubscriptionRef, toKey } from './subscription-key.ts';

/**
 * The outcome of an attempt to make a subscription inline. `inline`: appends process its events from now on.
 * `later`: try again, after a growing delay. `fenced`: another process has the lease.
 */
export type PromotionResult = 'inline' | 'later' | 'fenced';

/** A durable subscription: which events it reads, and what processes them. */
export interface SubscriptionDefinition extends SubscriptionRef {
  /** One word for messages: what processes the events, such as "projection". @default 'subscription' */
  readonly kind?: string | undefined;
  /** The event types that the subscription reads. Others are skipped, and the checkpoint moves past them. */
  readonly eventTypes: readonly string[];

  /** Called each time this process gets the lease: what a handler keeps in memory is valid during one term only. */
  createHandler(term: LeaseTerm): SubscriptionHandler;

  /**
   * Given for a subscription that is to become inline: processed by each append in its own transaction. Called when the
   * subscription has caught up, until it returns `inline`.
   *
   * @param position where the checkpoint is
   */
  promote?(term: LeaseTerm, position: number): Promise<PromotionResult>;

  /** Deletes what the handler has written. Runs in the transaction of a reset. */
  clear?(tx: Transaction<unknown>): Promise<void>;

  /**
   * Keeps appends from processing the subscription's events until the transaction ends. Runs first when a subscription
   * that is inline is reset. A lock timeout in it makes the reset try again.
   */
  lockAppends?(tx: Transaction<unknown>): Promise<void>;
}

/** A definition with its defaults filled in. */
export interface Subscription {
  readonly key: SubscriptionKey;
  readonly kind: string;
  readonly definition: SubscriptionDefinition;
}

const MAX_INTEGER = 2 ** 31 - 1;

/**
 * @throws InvalidNameError when the name is empty or too long
 * @throws InvalidArgumentError when the version is no whole number from 1, or the slice none from 0
 */
export function toSubscription(definition: SubscriptionDefinition): Subscription {
  const { kind = 'subscription' } = definition;
  const key = toKey(definition);
  assertId(`${kind} name`, key.name);
  assertWhole(`version of ${kind} "${key.name}"`, key.version, { least: 1, most: MAX_INTEGER });
  assertWhole(`slice of ${kind} "${key.name}"`, key.slice, { most: MAX_INTEGER });
  return { key, kind, definition };
}

/** What errors name. */
export function identityOf({ kind, key }: Subscription): SubscriptionIdentity {
  return { kind, ...key };
}
