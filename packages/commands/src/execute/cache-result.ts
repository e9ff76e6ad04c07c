import { type RecordedEvent, StreamVersionConflictError } from '@leftfold/core';
import { type Change, foldNew } from '../decide/decide-on.ts';
import type { Loader } from '../load/loader.ts';

/**
 * Remembers an aggregate as an append has left it.
 *
 * @param recorded its new events; none when it was only checked
 * @param asOf as it was when the append was sent
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
    // An event that was made by hand is parsed by the store, and may have come out otherwise.
    const state = asDecided ? next : foldNew(target.aggregate, folded.state, recorded);
    const { streamVersion, position } = last;
    loader.keep(target, { ...folded, state, streamVersion, position, asOf });
  } catch {
    loader.forget(target); // the events are in the log; whoever loads them next meets the same error
  }
}

/** A log that was restored from a backup may end before what this process remembers of it. */
export function forgetWhatIsNotInTheLog(loader: Loader, changes: readonly Change[], error: unknown): void {
  if (!(error instanceof StreamVersionConflictError)) return;
  for (const { target, folded } of changes) {
    if (target.streamId === error.streamId && error.actual < folded.streamVersion) loader.forget(target);
  }
}
