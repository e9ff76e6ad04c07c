import type { RetryPolicy } from '@leftfold/core';

/**
 * After a lost connection it is unknown whether an append was committed; its event ids make asking again safe. Without
 * jitter: few processes append at once, and each sends one batch at a time.
 */
export const reconnectPolicy: RetryPolicy = { attempts: 4, firstDelayMs: 100, maxDelayMs: 400 };

/** How often an append is sent again, at once, when Postgres rolled it back to let another transaction go on. */
export const ROLLBACK_ATTEMPTS = 10;
