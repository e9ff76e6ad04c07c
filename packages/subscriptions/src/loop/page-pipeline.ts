import type { RecordedEvent } from '@leftfold/core';
import type { PreparedBatch, SubscriptionPage } from '../handler/subscription-handler.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { takeHandlerSlot } from './background-slot.ts';
import type { LoopOptions } from './loop-options.ts';
import { partsOf } from './page-parts.ts';
import { readAhead } from './read-ahead.ts';
import type { TermProgress } from './term-progress.ts';
import { pageOfSlice } from '../subscription/slice-of.ts';
import { advanceIdle, prepareBatch, writeBatch } from './write-batch.ts';

/** Events read, and held in memory, at one time. Larger pages are no faster, and survive minor garbage collections. */
const PAGE_SIZE = 1_000;
/** A batch with as many characters does not grow: it has at most as many, and one page. */
const BATCH_SIZE = 1024 * 1024;

/**
 * Processes the events after the checkpoint up to a position.
 *
 * Reading a page, preparing the one before it and writing a batch overlap. While a batch is being written, the next one
 * grows page by page.
 *
 * @returns `fenced` when a batch found another epoch, or the checkpoint elsewhere; `over` when the signal aborted
 */
export async function applyUpTo(
  options: PipelineOptions,
  subscription: Subscription,
  progress: TermProgress,
  upTo: number,
): Promise<'reached' | 'over' | 'fenced'> {
  const { signal, size, pace } = progress;
  const { memory } = options;
  let from = progress.position;
  let written = Promise.resolve(true);
  /** What is prepared and not yet being written. */
  let ready: PreparedBatch | undefined;
  let preparedMs = 0;
  let preparedSize = 0;
  let preparedEvents = 0;
  let taken = 0;
  let firstEvent: RecordedEvent | undefined;
  const limit = () => Math.min(pace?.pageSize ?? PAGE_SIZE, PAGE_SIZE, size.current);
  const types = subscription.definition.eventTypes;
  /** @returns false when the batch before was not written */
  const beginToWrite = async (prepared: PreparedBatch): Promise<boolean> => {
    if (!(await written)) return false;
    const ofBatch = taken;
    // Taken before the batch begins to be written: a page that is prepared after that is of the next one.
    const free = await takeHandlerSlot(options.store, progress);
    const writing = writeBatch(options, subscription, progress, prepared, {
      preparedMs,
      firstEvent,
      readEvents: preparedEvents,
    });
    written = writing.finally(() => {
      free();
      memory.free(ofBatch);
    });
    written.catch(() => {}); // thrown where it is awaited
    ready = undefined;
    preparedMs = 0;
    preparedSize = 0;
    preparedEvents = 0;
    taken = 0;
    firstEvent = undefined;
    return true;
  };
  /** @returns false when the batch before was not written */
  const takeMemory = async (needed: number): Promise<boolean> => {
    if (!memory.tryTake(needed)) {
      // A loop that waits holds only what is being written: that is freed whatever the others do.
      if (ready !== undefined && !(await beginToWrite(ready))) return false;
      await memory.take(needed);
    }
    taken += needed;
    return true;
  };
  const pages = readAhead(options.store, { after: from, upTo, types, limit, progress });
  try {
    for await (const page of pages) {
      if (signal.aborted) break;
      if (!(await takeMemory(page.memory))) return 'fenced';
      let first = true;
      for (const part of partsOf(page, PAGE_SIZE)) {
        if (signal.aborted) break;
        const ofPart = (page.memory * part.events.length) / page.count;
        if (!first && !(await takeMemory(ofPart))) return 'fenced';
        first = false;
        const to = part.position;
        const { term, parking } = progress;
        const ofSlice = pageOfSlice({ from, to, events: part.events }, term, parking.keysOf);
        if (pace !== undefined) {
          await pace.take(ofSlice.events.length, signal);
          progress.advancedAt = performance.now();
        }
        if (progress.rests !== undefined) {
          await progress.rests.rest(Math.min(progress.mark, progress.until ?? progress.mark) - to, signal);
          progress.advancedAt = performance.now();
        }
        const divided = progress.parking.divide(ofSlice);
        if (to >= upTo && ready === undefined && writesNothing(progress, divided)) {
          if (!(await written)) return 'fenced';
          memory.free(taken);
          taken = 0;
          if (await advanceIdle(options, progress, to)) continue;
        }
        firstEvent ??= divided.events[0];
        const free = await takeHandlerSlot(options.store, progress);
        const began = performance.now();
        const prepared = await prepareBatch(options, subscription, progress, divided).finally(free);
        ready = prepared;
        preparedMs += performance.now() - began;
        preparedSize += page.size;
        preparedEvents += part.events.length;
        from = to;
        const small =
          Math.max(prepared.eventCount, preparedEvents) < size.current && preparedSize < BATCH_SIZE;
        if (to < upTo && progress.writing && prepared.grows && small && pace === undefined) continue;
        if (!(await beginToWrite(prepared))) return 'fenced';
      }
    }
  } catch (error) {
    // The batch that is being written ends first; if it fails, its failure is the one to report.
    if (!(await written)) return 'fenced';
    throw error;
  } finally {
    memory.free(taken);
  }
  if (!(await written)) return 'fenced';
  return signal.aborted ? 'over' : 'reached';
}

/** Whether a page has no event of the subscription, and none that is set aside. */
function writesNothing({ parking }: TermProgress, { events, from, to }: SubscriptionPage): boolean {
  return events.length === 0 && parking.changeOf(from, to) === undefined;
}

type PipelineOptions = Pick<LoopOptions, 'store' | 'waiters' | 'batchTimeoutMs' | 'memory' | 'idleAdvances'>;
