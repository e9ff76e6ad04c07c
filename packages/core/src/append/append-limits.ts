/** What one append may hold. */
export interface AppendLimits {
  /** Bytes of one event's data and metadata as JSON in UTF-8. */
  readonly eventBytes: number;
  /** Bytes of all data and metadata of an append as JSON in UTF-8. */
  readonly appendBytes: number;
  /** Events of an append. */
  readonly events: number;
}

/** Postgres refuses a parameter of 1 GB; an append that is much smaller delays all others already. */
export const defaultLimits: AppendLimits = Object.freeze({
  eventBytes: 1024 * 1024,
  appendBytes: 32 * 1024 * 1024,
  events: 10_000,
});

/** Tags of one event, and of one query of a condition. */
export const MAX_TAGS = 64;

/** Queries of a condition. Each takes a lock and a search. */
export const MAX_CONDITION_QUERIES = 64;

/** Event types of one query of a condition. */
export const MAX_QUERY_TYPES = 1_000;

/** Streams of an append that only checks one of them. Each takes a lock, and Postgres has room for some thousands. */
export const MAX_STREAMS_WITH_CHECKS = 1_000;
