import { type AbortSignalLike, type EventQuery, InvalidArgumentError } from '@leftfold/core';
import { assertQuery } from '@leftfold/core/append';
import {
  assertFunction,
  assertOptions,
  assertWhole,
  type OptionNames,
  ProgressMeter,
} from '@leftfold/core/input';
import { tell } from '@leftfold/postgres';
import type { PostgresEventStore } from '../postgres-event-store.ts';
import { PAGE_EVENTS } from '../sql/page.ts';
import { HistoryCounts, type HistoryProgress, type HistoryReport } from './history-report.ts';

/** Options of {@link checkHistory}. */
export interface CheckHistoryOptions {
  /** Only events after this position, such as the `position` of a report that was aborted. @default 0 */
  readonly after?: number | undefined;
  /** @default every event */
  readonly filter?: EventQuery | undefined;
  /** Checks about this many events, in parts that are spread evenly over the log. @default all */
  readonly sample?: number | undefined;
  /** Failures that the report lists; it counts all of them. @default 100 */
  readonly maxFailures?: number | undefined;
  /** Called after each page of at most 1,000 events. */
  readonly onProgress?: ((progress: HistoryProgress) => void) | undefined;
  /** Ends the check after the current page; the report is then of the events up to there. */
  readonly signal?: AbortSignalLike | undefined;
}

/** Parts of the log that a sample is taken from. */
const SAMPLE_PARTS = 100;
const MAX_FAILURES = 100;

const optionNames: OptionNames<CheckHistoryOptions> = {
  after: true,
  filter: true,
  sample: true,
  maxFailures: true,
  onProgress: true,
  signal: true,
};

/**
 * Reads stored events as this release reads them, and parses all of them by the newest schemas: to be run against the
 * log, or a copy of it, before a release with changed definitions is deployed.
 *
 * Nothing is written. Events are read page by page up to the high-water mark at the start, in bounded memory.
 *
 * @returns how many events of each type and version were read, and where reading failed: positions, types and the
 * issues of schemas, never values. An unknown type or a newer version is counted, and is no failure; so is an event that
 * lacks a tag which its definition declares now.
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take
 * @throws StoreUnavailableError, ClosedError
 *
 * @example
 * ```ts
 * const { failures, unknown } = await checkHistory(store, { sample: 100_000 });
 * for (const { position, type, issues } of failures) console.log(position, type, issues);
 * ```
 */
export async function checkHistory(
  store: Pick<PostgresEventStore, 'highWaterMark' | 'readPage'>,
  options: CheckHistoryOptions = {},
): Promise<HistoryReport> {
  if (typeof store?.readPage !== 'function')
    throw InvalidArgumentError.not('a store, made by createEventStore(...)', 'store', store);
  assertOptions('options', options, optionNames);
  const { after = 0, filter, sample, maxFailures = MAX_FAILURES, onProgress, signal } = options;
  assertWhole('after', after);
  assertQuery('filter', filter);
  assertWhole('sample', sample, { least: 1 });
  assertWhole('maxFailures', maxFailures);
  assertFunction('onProgress', onProgress);
  const upTo = await store.highWaterMark();
  const counts = new HistoryCounts(maxFailures);
  const meter = new ProgressMeter(() => performance.now(), after);
  let position = after;
  for (const part of partsOf(after, upTo, sample)) {
    let left = part.events;
    position = part.after;
    while (position < part.upTo && left > 0) {
      if (signal?.aborted === true) return counts.report(position, upTo);
      const limit = Math.min(PAGE_EVENTS, left);
      const page = await store.readPage({ after: position, upTo: part.upTo, limit, filter, validate: true });
      for (const outcome of page.outcomes()) counts.add(outcome);
      left -= page.count;
      position = page.position;
      tell(onProgress, { ...meter.at(position, upTo), ...counts.totals });
    }
  }
  return counts.report(upTo, upTo);
}

interface Part {
  readonly after: number;
  readonly upTo: number;
  /** How many events of it are checked. */
  readonly events: number;
}

function partsOf(after: number, upTo: number, sample: number | undefined): readonly Part[] {
  if (sample === undefined) return [{ after, upTo, events: Number.POSITIVE_INFINITY }];
  const count = Math.min(SAMPLE_PARTS, sample);
  const at = (part: number) => after + Math.floor(((upTo - after) * part) / count);
  return Array.from({ length: count }, (_, part) => ({
    after: at(part),
    upTo: at(part + 1),
    events: Math.ceil(sample / count),
  }));
}
