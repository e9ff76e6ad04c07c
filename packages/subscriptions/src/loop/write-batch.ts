import type { RecordedEvent } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import { BatchFailure } from '../handler/batch-failure.ts';
import { StopRequest } from '../handler/stop-request.ts';
import { storedCountOf } from '../handler/stored-count.ts';
import type { PreparedBatch, SubscriptionPage } from '../handler/subscription-handler.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import type { LoopOptions } from './loop-options.ts';
import { batchTooLong } from './stalled.ts';
import type { TermProgress } from './term-progress.ts';
import { tracedBatch } from './traced-batch.ts';
import { isRewound } from './is-rewound.ts';
import { within } from './within.ts';

type BatchOptions = Pick<LoopOptions, 'store' | 'waiters' | 'batchTimeoutMs'>;

/**
 * Lets the handler prepare a page. A batch that cannot be prepared is published as one that failed.
 *
 * @throws BatchFailure for an error of the handler; SubscriptionStalledError when it takes longer than `batchTimeoutMs`
 */
export function prepareBatch(
  options: BatchOptions,
  subscription: Subscription,
  progress: TermProgress,
  page: SubscriptionPage,
): Promise<PreparedBatch> {
  const { store, batchTimeoutMs } = options;
  return within(prepare(store.schema, progress, page), batchTimeoutMs, () =>
    batchTooLong(subscription, progress.term, progress.position, `batchTimeoutMs (${batchTimeoutMs})`),
  );
}

async function prepare(
  schema: string,
  { handler, term }: TermProgress,
  page: SubscriptionPage,
): Promise<PreparedBatch> {
  try {
    return await handler.prepare(page);
  } catch (error) {
    const { from, to, events } = page;
    const failed = () => Promise.reject<boolean>(error);
    const eventCount = storedCountOf(events);
    await tracedBatch(schema, term, { from, to, eventCount }, failed).catch(() => {}); // thrown next, with its event
    throw asBatchFailure(error, eventCount, events[0]);
  }
}

/** What is known of a batch beside what its handler says. */
export interface BatchOrigin {
  readonly preparedMs: number;
  readonly firstEvent: RecordedEvent | undefined;
  /** Events that were read for it, also those of other slices. @default those that it has */
  readonly readEvents?: number;
}

/**
 * Lets the handler write a batch, and records the progress.
 *
 * @returns false when it was not written: the lease is lost, or the checkpoint is elsewhere
 * @throws BatchFailure for an error of the handler; SubscriptionStalledError when it takes longer than `batchTimeoutMs`
 */
export function writeBatch(
  options: BatchOptions,
  subscription: Subscription,
  progress: TermProgress,
  prepared: PreparedBatch,
  origin: BatchOrigin = { preparedMs: 0, firstEvent: undefined },
): Promise<boolean> {
  const { batchTimeoutMs } = options;
  return within(write(options, progress, prepared, origin), batchTimeoutMs, () =>
    batchTooLong(subscription, progress.term, progress.position, `batchTimeoutMs (${batchTimeoutMs})`),
  );
}

async function write(
  { store, waiters }: BatchOptions,
  progress: TermProgress,
  prepared: PreparedBatch,
  { preparedMs, firstEvent, readEvents }: BatchOrigin,
): Promise<boolean> {
  const { term, position: from } = progress;
  const { to, eventCount } = prepared;
  const began = performance.now();
  progress.writing = true;
  try {
    if (!(await tracedBatch(store.schema, term, { from, to, eventCount }, () => prepared.write())))
      return false;
  } catch (error) {
    throw asBatchFailure(error, eventCount, firstEvent);
  } finally {
    progress.writing = false;
  }
  recordAdvance(waiters, progress, to);
  progress.size.applied(readEvents ?? eventCount, preparedMs + performance.now() - began);
  return true;
}

/**
 * Moves the checkpoint over events that are none of the subscription's, together with others that do.
 *
 * @returns false when the lease may be lost: try it by a batch without events
 * @throws like {@link writeBatch}. Its statement has a limit of its own, and its turn is not part of a batch.
 */
export async function advanceIdle(
  { store, waiters, idleAdvances }: Pick<LoopOptions, 'store' | 'waiters' | 'idleAdvances'>,
  progress: TermProgress,
  to: number,
): Promise<boolean> {
  const { term, position: from } = progress;
  const advance = () => idleAdvances.advance({ lease: term, from, to });
  progress.waiting += 1;
  try {
    if (!(await tracedBatch(store.schema, term, { from, to, eventCount: 0 }, advance))) return false;
  } catch (error) {
    throw asBatchFailure(error, 0, undefined);
  } finally {
    progress.waiting -= 1;
  }
  recordAdvance(waiters, progress, to);
  return true;
}

function recordAdvance(waiters: LoopOptions['waiters'], progress: TermProgress, to: number): void {
  progress.parking.written(to);
  progress.position = to;
  progress.advancedAt = performance.now();
  progress.failures = 0;
  progress.outages = 0;
  progress.lastFailure = undefined;
  waiters.advanced(progress.term, to);
}

/** The runner then knows the event when the batch had only one. */
function asBatchFailure(thrown: unknown, eventCount: number, firstEvent: RecordedEvent | undefined): unknown {
  const error = readable(thrown);
  if (error instanceof BatchFailure || error instanceof StopRequest || isRewound(error)) return error;
  return new BatchFailure(error, { eventCount, firstEvent, failing: undefined });
}
