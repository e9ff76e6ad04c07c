/** How recent the result of a query must be. */
export interface QueryOptions {
  /**
   * The query waits until the projection has applied everything up to this position, such as the `token` of a command's
   * result, and reads in the same snapshot in which it found the checkpoint there.
   *
   * @default no wait: the query reads the rows as they are
   */
  readonly atLeast?: number | undefined;
  /** Milliseconds until the query fails with SubscriptionTimeoutError; it never returns older rows. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
