import type { RetryPolicy } from '@leftfold/core';

/**
 * After a lost connection it is unknown whether an append was committed; its event ids make a repetition safe. No jitter:
 * few processes append at once, and each sends one batch at a time.
 */
export const reconnectPolicy: RetryPolicy = { attempts: 4, firstDelayMs: 100, maxDelayMs: 400 };

/**
 * Races that one append may lose to other writers. A writer that sees what the others wrote never loses so many; under row
 * security that hides a stream's events from its role, every attempt would be lost.
 */
export const LOST_RACES = 300;

/** Immediate retries of an append that Postgres rolled back because of a deadlock or a serialization failure. */
export const ROLLBACK_ATTEMPTS = 10;
