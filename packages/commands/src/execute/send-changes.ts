import type { AppendToStreamsResult, AppendContext, EventStore } from '@leftfold/core';
import type { Change } from '../decide/decide-on.ts';
import type { LoadedTarget } from '../decide/loaded-target.ts';

/**
 * Appends what was decided, if every stream is still where it was; those without events are only checked.
 *
 * @throws StreamVersionConflictError, and whatever else the store throws
 */
export async function sendChanges(
  store: EventStore,
  changes: readonly Change[],
  context: AppendContext,
): Promise<AppendToStreamsResult> {
  const [only] = changes;
  if (only === undefined || changes.length > 1) return store.appendToStreams(changes.map(toAppend), context);
  const { streamId, events, expectedVersion } = toAppend(only);
  const stream = await store.append(streamId, events, { ...context, expectedVersion });
  return { position: stream.position, streams: [stream], duplicate: stream.duplicate };
}

/** @throws StreamVersionConflictError when any of the streams is not where it was */
export async function assertUnmoved(store: EventStore, standings: readonly LoadedTarget[]): Promise<void> {
  await store.appendToStreams(standings.map((standing) => toAppend({ ...standing, events: [] })));
}

function toAppend({ target, folded, events }: LoadedTarget & Pick<Change, 'events'>) {
  return { streamId: target.streamId, events, expectedVersion: folded.streamVersion };
}
