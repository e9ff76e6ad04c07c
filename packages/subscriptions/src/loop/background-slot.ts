import type { PostgresEventStore } from '@leftfold/event-store';
import type { TermProgress } from './term-progress.ts';

/**
 * Waits for one of the connections that the loops of a process share, first come, first served: the others are for the
 * app. That time is neither a lack of progress nor part of a batch, which would be made smaller for it.
 *
 * @returns frees it
 */
async function takeSlot(
  { background }: Pick<PostgresEventStore, 'background'>,
  progress: Pick<TermProgress, 'waiting' | 'advancedAt'>,
): Promise<() => void> {
  const free = () => background.free();
  if (background.tryTake()) return free;
  const began = performance.now();
  progress.waiting += 1;
  await background.take();
  progress.waiting -= 1;
  const now = performance.now();
  progress.advancedAt = Math.min(now, progress.advancedAt + now - began);
  return free;
}

/** The same for a handler whose `prepare` and `write` wait for the database only; others take slots themselves. */
export async function takeHandlerSlot(
  store: Pick<PostgresEventStore, 'background'>,
  progress: TermProgress,
): Promise<() => void> {
  return progress.handler.waitsForDatabaseOnly === true ? takeSlot(store, progress) : () => {};
}

/** Runs work that needs a connection, and waits for nothing else. The work must not take another slot. */
export async function inSlot<TResult>(
  store: Pick<PostgresEventStore, 'background'>,
  progress: Pick<TermProgress, 'waiting' | 'advancedAt'>,
  work: () => Promise<TResult>,
): Promise<TResult> {
  const free = await takeSlot(store, progress);
  try {
    return await work();
  } finally {
    free();
  }
}
