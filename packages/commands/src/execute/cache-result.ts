import {
  type AnyAggregate,
  type NewEvent,
  type RecordedEvent,
  StreamVersionConflictError,
} from '@leftfold/core';
import { ValidatedEvent } from '@leftfold/core/append';
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
  const asDecided = recorded.every((event, index) => isAsDecided(target.aggregate, event, events[index]));
  try {
    const state = asDecided ? next : foldNew(target.aggregate, folded.state, recorded);
    const { streamVersion, position, id: eventId } = last;
    loader.keep(target, { ...folded, state, streamVersion, position, eventId, asOf });
  } catch {
    loader.forget(target); // the events are recorded; the next load throws the same error
  }
}

/**
 * The store parses events that were not made by a creator function, and upcasts those that are read in a newer version
 * than is written: their data may differ from what was decided.
 */
function isAsDecided(
  { events }: AnyAggregate,
  recorded: RecordedEvent,
  decided: NewEvent | undefined,
): boolean {
  if (decided === undefined || decided.schemaVersion !== recorded.schemaVersion) return false;
  return events.definitions.some((definition) => ValidatedEvent.isOf(definition, decided));
}

/** After a restore from a backup, the log may end before the cached state. */
export function forgetIfLogIsBehind(loader: Loader, changes: readonly Change[], error: unknown): void {
  if (!(error instanceof StreamVersionConflictError)) return;
  for (const { target, folded } of changes) {
    if (target.streamId === error.streamId && error.actual < folded.streamVersion) loader.forget(target);
  }
}
