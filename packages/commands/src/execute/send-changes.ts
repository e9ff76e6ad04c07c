import type { AppendAllResult, AppendContext, EventStore } from '@leftfold/core';
import type { Change } from '../decide/decide-on.ts';
import type { Standing } from '../decide/standing.ts';

/**
 * Appends what was decided, if every stream is still where it was; those without events are only checked.
 *
 * @throws StreamVersionConflictError, and whatever else the store throws
 */
export async function sendChanges(
  store: EventStore,
  changes: readonly Change[],
  context: AppendContext,
): Promise<AppendAllResult> {
  const [only] = changes;
  if (only === undefined || changes.length > 1) return store.appendAll(changes.map(toAppend), context);
  const { streamId, events, expected } = toAppend(only);
  const stream = await store.append(streamId, events, { ...context, expected });
  return { position: stream.position, streams: [stream], repeated: stream.repeated };
}

/** @throws StreamVersionConflictError when any of the streams is not where it was */
export async function assertUnmoved(store: EventStore, standings: readonly Standing[]): Promise<void> {
  await store.appendAll(standings.map((standing) => toAppend({ ...standing, events: [] })));
}

function toAppend({ target, folded, events }: Standing & Pick<Change, 'events'>) {
  return { streamId: target.streamId, events, expected: folded.streamVersion };
}
