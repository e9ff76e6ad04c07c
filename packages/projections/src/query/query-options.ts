import type { LogToken } from '@leftfold/core';

/** How recent the result of a query must be. */
export interface QueryOptions {
  /**
   * The query waits until the projection has applied the event of this token, such as the `token` of a command's result,
   * and everything before it. It reads in the same snapshot in which it found the checkpoint and the event there. When the
   * log does not have the event, it fails with LogRewoundError.
   *
   * @default no wait: the query reads the rows as they are, once the projection has caught up for the first time. While
   * an inline projection is applied asynchronously, it waits for the high-water mark
   */
  readonly atLeast?: LogToken | undefined;
  /**
   * What a query without `atLeast` does while the projection has not caught up since it began or was reset, so that its
   * rows are incomplete: wait for it, or fail at once. Without a wait, the check costs no round trip on connections that
   * pipeline.
   *
   * @default 'wait'
   */
  readonly ifNotCaughtUp?: 'wait' | 'fail' | undefined;
  /**
   * Milliseconds until a query that waits fails with SubscriptionTimeoutError, or SubscriptionNotCaughtUpError. It never
   * returns older rows.
   *
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
