import { type RecordedEvent, StreamVersionConflictError } from '@leftfold/core';
import { type Change, foldNew } from '../decide/decide-on.ts';
import type { Loader } from '../load/loader.ts';

/**
 * Caches an aggregate's state after an append.
 *
 * @param recorded its new events; empty when its version was only checked
 * @param asOf the loader's `asOf` when the append was sent
 */
export function cacheResult(
  loader: Loader,
  { target, folded, events, next }: Change,
  recorded: readonly RecordedEvent[],
  asOf: number,
): void {
  const last = recorded.at(-1);
  if (last === undefined) {
    loader.keep(target, { ...folded, asOf });
    return;
  }
  const asDecided = recorded.every((event, index) => event.data === events[index]?.data);
  try {
    // The store parses events that were not made by a creator function; their data may differ from what was decided.
    const state = asDecided ? next : foldNew(target.aggregate, folded.state, recorded);
    const { streamVersion, position, id: eventId } = last;
    loader.keep(target, { ...folded, state, streamVersion, position, eventId, asOf });
  } catch {
    loader.forget(target); // the events are recorded; the next load throws the same error
  }
}

/** After a restore from a backup, the log may end before the cached state. */
export function forgetIfLogIsBehind(loader: Loader, changes: readonly Change[], error: unknown): void {
  if (!(error instanceof StreamVersionConflictError)) return;
  for (const { target, folded } of changes) {
    if (target.streamId === error.streamId && error.actual < folded.streamVersion) loader.forget(target);
  }
}
