import type { LogToken } from '@leftfold/core';

/** How recent a read must be, and how long it may wait for that. */
export interface ReadOptions {
  /**
   * The read waits until the projection has applied the event of this token, such as the `token` of a command's result,
   * and everything before it. It reads in the same snapshot in which it found the checkpoint and the event there. When the
   * log does not have the event, it fails with LogRewoundError.
   *
   * @default no wait: the rows as they are, once the projection has caught up for the first time. While an inline
   * projection is applied asynchronously, it waits for the high-water mark
   */
  readonly atLeast?: LogToken | undefined;
  /**
   * `strong`: the read waits for every event that was committed before it began, by whatever process, and reads in that
   * snapshot. It waits for appends in flight below such an event too. On a standby, for those that it has received.
   *
   * @default 'eventual', which waits for nothing but `atLeast`
   */
  readonly consistency?: 'eventual' | 'strong' | undefined;
  /**
   * What a read without `atLeast` does while the projection has not caught up since it began or was reset, so that its
   * rows are incomplete: wait for it, or fail at once. Without a wait, the check of a query costs no round trip on
   * connections that pipeline.
   *
   * @default 'wait'
   */
  readonly ifNotCaughtUp?: 'wait' | 'fail' | undefined;
  /**
   * What the read does while events of the projection are set aside, so that the rows of their keys are behind the others:
   * returns them as they are, or fails with KeysParkedError. The keys are counted in the snapshot of the rows, for all of
   * the projection. That takes a round trip more, unless the read has a snapshot for another reason.
   *
   * @default 'ignore'
   */
  readonly ifParked?: 'ignore' | 'fail' | undefined;
  /**
   * Milliseconds until a read that waits fails with SubscriptionTimeoutError, or SubscriptionNotCaughtUpError. It never
   * returns older rows. With `atLeast`, `strong` or a token to tell, the time for a connection and for locks counts too;
   * for those it waits at least a second.
   *
   * @default 5000
   */
  readonly timeoutMs?: number | undefined;
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** How recent the result of a query must be, and who is told how recent it is. */
export interface QueryOptions extends ReadOptions {
  /**
   * Called each time the query is executed, before it gives rows, with the token of what it reads: `atLeast` of a later
   * read, of whatever process, which then never has older rows. The query reads in one snapshot with the checkpoint.
   *
   * @default the token is not read
   */
  readonly onToken?: ((token: LogToken) => void) | undefined;
}
