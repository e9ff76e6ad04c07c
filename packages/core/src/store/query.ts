/** Selects events for a read, a subscription or a condition. An event matches when all parts that are given match. */
export interface EventQuery<TType extends string = string> {
  /** The event's type is one of these. @default any type */
  readonly types?: readonly TType[] | undefined;
  /** The event's stream is named `<category>-…`. @default any stream */
  readonly category?: string | undefined;
  /** The event has all of these tags. @default any tags */
  readonly tags?: readonly string[] | undefined;
}

/** Selects events for a condition: by tags, and by event types if they are given. */
export interface TaggedQuery<TType extends string = string> extends EventQuery<TType> {
  /**
   * 1 to 64 tags; the event has all of them. Put the rarest first: appends whose conditions begin with the same tag
   * wait for each other.
   */
  readonly tags: readonly [string, ...string[]];
  /** A condition cannot select by category: give event types. */
  readonly category?: undefined;
}

/**
 * A condition on the whole log. The append is made only if the log has no event that the queries match.
 *
 * It protects a decision that was based on the events with certain tags, in any streams: the decision holds as long as
 * no such event was added since.
 */
export interface AppendCondition<TType extends string = string> {
  /** The append fails when an event matches one of these queries. 1 to 64 queries. */
  readonly failIfMatch: TaggedQuery<TType> | readonly TaggedQuery<TType>[];
  /**
   * Only events after this position count. `readForDecision` gives it; the position of the last event that was read is
   * too low or too high when there are several queries. @default 0
   */
  readonly after?: number | undefined;
}
