import type { Claim } from '../claim.ts';

/** What a reader of streams and of the log can rely on. */
export const readingClaims = {
  'readers-miss-nothing': {
    claim:
      'A reader that continues from its last position skips, repeats and reorders nothing, whatever is appended meanwhile.',
    statedIn: 'guides/event-store.md#subscribing-to-the-log',
  },
  'commit-order-does-not-matter': {
    claim:
      'Transactions that commit in another order than they drew their positions in are read in the order of positions, and no event is skipped.',
    statedIn: 'decisions/0001-global-order.md#context',
  },
  'exact-high-water-mark': {
    claim:
      'No event appears at or below the high-water mark, at whatever point between their statements a reader and a writer meet.',
    statedIn: 'decisions/0001-global-order.md#proof',
  },
  'stable-high-water-mark': {
    claim: 'A high-water mark that a process has read stays valid, also after a crash of the server.',
    statedIn: 'decisions/0001-global-order.md#preconditions',
  },
  'long-appends': {
    claim:
      'Readers wait for an append in flight however many positions were drawn since it began, up to two thousand million.',
    statedIn: 'decisions/0001-global-order.md#preconditions',
  },
  'position-order-is-version-order': {
    claim: 'Within a stream the order of positions is the order of versions.',
    statedIn: 'decisions/0001-global-order.md#costs-and-limits',
  },
  'only-appends-delay-readers': {
    claim:
      'Only an append in flight to the same log delays its readers: a rollback, a killed backend, another transaction, database, schema or lock does not.',
    statedIn: 'decisions/0001-global-order.md#costs-and-limits',
  },
  'slow-appends-block-little': {
    claim:
      'A slow append delays neither the readers of events up to the high-water mark nor appends to other streams, and an append that waits for a tag delays no reader.',
    statedIn: 'decisions/0001-global-order.md#costs-and-limits',
  },
  'lost-notifications': {
    claim: 'A lost notification delays a reader; no event is lost with it.',
    statedIn: 'limits.md#times-and-sizes-at-run-time',
  },
  'bounded-memory': {
    claim: 'Streams and the log are read page by page, in bounded memory.',
    statedIn: 'guides/event-store.md#reading-events',
  },
  'bounded-waits': {
    claim:
      'The calls of a process that wait for a connection, for new events or for a projection are bounded: one above the limit is refused, and the others go on.',
    statedIn: 'limits.md#times-and-sizes-at-run-time',
  },
  'indexed-statements': {
    claim: 'Appends, conditions and reads look at few rows more than they return, however large the log is.',
    statedIn: 'decisions/0009-conditions-on-tags.md#how-the-check-finds-an-event',
  },
  upcasting: {
    claim: 'An event that was stored in an older schema version is read in the newest one.',
    statedIn: 'guides/evolution.md#changing-the-schema-of-an-event',
  },
  'retired-events': {
    claim:
      'An event whose type was renamed, split or retired is read as the events that replace it, by every reader; expected versions and positions count stored events.',
    statedIn: 'guides/evolution.md#renaming-splitting-and-retiring-events',
  },
  'readers-first': {
    claim:
      'A release can read a new schema version while it still writes the old one: releases before it read its events, and it reads those of releases after it.',
    statedIn: 'guides/deploying.md#a-new-schema-version-readers-first',
  },
  'checked-history': {
    claim:
      'A check of the history names every stored event that the definitions of a release cannot read, in bounded memory and without values.',
    statedIn: 'guides/evolution.md#checking-the-history-before-a-release',
  },
  'unknown-events': {
    claim:
      "Reading an event of an unknown type fails with an error that names it, unless the reader says `unknownEvents: 'skip'`.",
    statedIn: 'guides/event-store.md#reading-events',
  },
} as const satisfies Readonly<Record<string, Claim>>;
