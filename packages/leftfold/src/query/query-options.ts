/** How recent a query's answer must be. */
export interface QueryOptions {
  /**
   * The query waits until the projection has applied everything up to this position: the `token` of a command's
   * result. The answer is then at least that recent, whatever happens meanwhile.
   *
   * @default what there is now
   */
  readonly atLeast?: number | undefined;
  /** How long it waits. Then it fails with ProjectionTimeoutError: no stale answer is given in silence. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}
