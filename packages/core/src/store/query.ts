/**
 * Selects events for a read, a subscription or a condition. An event matches when all parts that are given match: without
 * any part, every event does.
 */
export interface EventQuery<TType extends string = string> {
  /** The event's type is one of these. @default any type */
  readonly types?: readonly TType[] | undefined;
  /** The event's stream is named `<category>-…`. @default any stream */
  readonly category?: string | undefined;
  /** The event has all of these tags. @default any tags */
  readonly tags?: readonly string[] | undefined;
}

/** One query, or several: an event is selected when any of them matches. */
export type EventQueries<TType extends string = string> = EventQuery<TType> | readonly EventQuery<TType>[];

/** A query of a condition. */
export interface ConditionQuery<TType extends string = string> extends EventQuery<TType> {
  /**
   * Only events after this position count, for what was read up to another position than the rest. @default `after` of
   * the condition
   */
  readonly after?: number | undefined;
}

/** One query of a condition, or several. */
export type ConditionQueries<TType extends string = string> =
  | ConditionQuery<TType>
  | readonly ConditionQuery<TType>[];

/** A query of a read for a decision. */
export interface DecisionQuery<TType extends string = string> extends EventQuery<TType> {
  /** Leave out the events up to this position, which the caller has. @default `after` of the read */
  readonly after?: number | undefined;
  /**
   * Read only the last event that matches, such as the one that has the latest number. The condition is the same as
   * without it. @default false
   */
  readonly last?: boolean | undefined;
}

/** One query, or several, of a read for a decision. */
export type DecisionQueries<TType extends string = string> =
  | DecisionQuery<TType>
  | readonly DecisionQuery<TType>[];

/**
 * A condition on the whole log. The append is made only if the log has no event that the queries match.
 *
 * It protects a decision that was based on the events that the queries match, in any streams: the decision holds as long
 * as no such event was added since.
 */
export interface AppendCondition<TType extends string = string> {
  /**
   * The append fails when an event matches one of these queries. 1 to 64 queries, each with at most 64 tags and 1,000
   * types; a list that is given is not empty.
   *
   * Appends wait for each other when their conditions begin with the same tag, or write events with it, unless they are
   * sent in one batch: put the rarest tag first. A query without tags waits for all appends of its types, and one without
   * types as well for all appends.
   */
  readonly failIfMatch: ConditionQueries<TType>;
  /**
   * Only events after this position count. `readForDecision` gives it; the position of the last event that was read is
   * too low or too high when there are several queries. @default 0
   */
  readonly after?: number | undefined;
}
