import { assertOptions, assertWhole, type OptionNames } from '../input/assert-argument.ts';

/** Limits of one append. */
export interface AppendLimits {
  /**
   * Maximum size of one event: its data and metadata, in bytes of JSON, numbers with all digits, and its tags, in bytes of
   * UTF-8. The database has a limit of its own, which the owner of the log raises: see the page on limits.
   *
   * @default 1,048,576 (1 MiB)
   */
  readonly eventBytes: number;
  /** Maximum size of all data, metadata and tags of an append, likewise. @default 33,554,432 (32 MiB) */
  readonly appendBytes: number;
  /** Maximum number of events of an append. @default 10,000 */
  readonly events: number;
}

/** Postgres refuses a parameter of 1 GB. Appends that are much smaller already delay all others. */
export const defaultLimits: AppendLimits = Object.freeze({
  eventBytes: 1024 * 1024,
  appendBytes: 32 * 1024 * 1024,
  events: 10_000,
});

const limitNames: OptionNames<AppendLimits> = { eventBytes: true, appendBytes: true, events: true };

/**
 * The limits of a store: those that are given, and the defaults.
 *
 * @throws InvalidArgumentError when a limit is misspelt, or is not a whole number from 1
 */
export function appendLimits(given: Partial<AppendLimits> | undefined): AppendLimits {
  assertOptions('limits', given, limitNames);
  for (const name of Object.keys(limitNames) as (keyof AppendLimits)[])
    assertWhole(`limits.${name}`, given?.[name], { least: 1 });
  return { ...defaultLimits, ...given };
}

/** Maximum number of tags of an event, and of a query of a condition. */
export const MAX_TAGS = 64;

/** Maximum number of queries of a condition, a read or a subscription. Each needs a search, and in a condition a lock. */
export const MAX_CONDITION_QUERIES = 64;

/** Maximum number of event types of a query of a condition. */
export const MAX_QUERY_TYPES = 1_000;

/**
 * Maximum number of streams of an append that only checks one of them. Each needs a lock, and Postgres has some
 * thousands.
 */
export const MAX_STREAMS_WITH_CHECKS = 1_000;
