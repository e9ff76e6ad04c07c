import type { PostgresEventStore } from '@leftfold/event-store';
import { EventLoopRests } from './event-loop-rests.ts';
import type { TermProgress } from './term-progress.ts';

type StoreSlots = Pick<PostgresEventStore, 'loops'>;

/** Rests while others than the work that rests have a connection of the store's, or wait for one. */
export function restsFor({ loops, pool }: Pick<PostgresEventStore, 'loops' | 'pool'>): EventLoopRests {
  return new EventLoopRests(
    () => pool.totalCount - pool.idleCount + pool.waitingCount > loops.following.taken,
  );
}

/**
 * Waits for one of the connections that the loops of a process share, first come, first served: the others are for the
 * app. That time is neither a lack of progress nor part of a batch, which would be made smaller for it.
 *
 * What rests, the copy of a rebuild or a replay, has some of its own: a projection is held until it has come to the same
 * position, and the batches of that wait meanwhile with theirs.
 *
 * @returns frees it
 */
async function takeSlot(
  { loops }: StoreSlots,
  progress: Pick<TermProgress, 'waiting' | 'advancedAt' | 'rests'>,
): Promise<() => void> {
  const slots = progress.rests === undefined ? loops.background : loops.following;
  const free = () => slots.free();
  if (slots.tryTake()) return free;
  const began = performance.now();
  progress.waiting += 1;
  await slots.take();
  progress.waiting -= 1;
  const now = performance.now();
  progress.advancedAt = Math.min(now, progress.advancedAt + now - began);
  return free;
}

/** The same for a handler whose `prepare` and `write` wait for the database only; others take slots themselves. */
export async function takeHandlerSlot(store: StoreSlots, progress: TermProgress): Promise<() => void> {
  return progress.handler.waitsForDatabaseOnly === true ? takeSlot(store, progress) : () => {};
}

/** Runs work that needs a connection, and waits for nothing else. The work must not take another slot. */
export async function inSlot<TResult>(
  store: StoreSlots,
  progress: Pick<TermProgress, 'waiting' | 'advancedAt' | 'rests'>,
  work: () => Promise<TResult>,
): Promise<TResult> {
  const free = await takeSlot(store, progress);
  try {
    return await work();
  } finally {
    free();
  }
}
