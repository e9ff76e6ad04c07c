/** How recent the result of a query must be. */
export interface QueryOptions {
  /**
   * The query waits until the projection has applied everything up to this position, such as the `token` of a command's
   * result, and reads in the same snapshot in which it found the checkpoint there.
   *
   * @default no wait: the query reads the rows as they are, once the projection has caught up for the first time. While
   * an inline projection is applied asynchronously, it waits for the high-water mark
   */
  readonly atLeast?: number | undefined;
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
