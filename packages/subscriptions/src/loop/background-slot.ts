import type { PostgresEventStore } from '@leftfold/event-store';
import { EventLoopRests } from './event-loop-rests.ts';
import type { TermProgress } from './term-progress.ts';

type StoreConnections = Pick<PostgresEventStore, 'background' | 'pool'>;

/** For each store, slots that are taken by work which rests. */
const takenByResting = new WeakMap<StoreConnections['background'], number>();

/** Rests while others than the work that rests have a connection of the store's, or wait for one. */
export function restsFor({ background, pool }: StoreConnections): EventLoopRests {
  return new EventLoopRests(() => {
    const inUse = pool.totalCount - pool.idleCount + pool.waitingCount;
    return inUse > (takenByResting.get(background) ?? 0);
  });
}

/**
 * Waits for one of the connections that the loops of a process share, first come, first served: the others are for the
 * app. That time is neither a lack of progress nor part of a batch, which would be made smaller for it.
 *
 * @returns frees it
 */
async function takeSlot(
  { background }: Pick<PostgresEventStore, 'background'>,
  progress: Pick<TermProgress, 'waiting' | 'advancedAt' | 'rests'>,
): Promise<() => void> {
  const count = (change: number) => {
    if (progress.rests !== undefined)
      takenByResting.set(background, (takenByResting.get(background) ?? 0) + change);
  };
  const free = () => {
    count(-1);
    background.free();
  };
  if (background.tryTake()) {
    count(1);
    return free;
  }
  const began = performance.now();
  progress.waiting += 1;
  await background.take();
  progress.waiting -= 1;
  count(1);
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
