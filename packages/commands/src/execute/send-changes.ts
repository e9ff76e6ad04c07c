import type { AppendToStreamsResult, AppendContext, EventStore } from '@leftfold/core';
import type { Change } from '../decide/decide-on.ts';
import type { LoadedTarget } from '../decide/loaded-target.ts';

/**
 * Appends the new events if every stream is still at its loaded version. Streams without new events are only checked.
 *
 * @throws StreamVersionConflictError, and other errors of the store
 */
export async function sendChanges(
  store: EventStore,
  changes: readonly Change[],
  context: AppendContext,
): Promise<AppendToStreamsResult> {
  const [only] = changes;
  const inEra = { ...context, era: eraOf(changes) };
  if (only === undefined || changes.length > 1) return store.appendToStreams(changes.map(toAppend), inEra);
  const { streamId, events, expectedVersion } = toAppend(only);
  const stream = await store.append(streamId, events, { ...inEra, expectedVersion });
  return { position: stream.position, streams: [stream], duplicate: stream.duplicate };
}

/** @throws StreamVersionConflictError when a stream is not at its loaded version */
export async function assertVersionsUnchanged(
  store: EventStore,
  loadedTargets: readonly LoadedTarget[],
): Promise<void> {
  await store.appendToStreams(
    loadedTargets.map((loaded) => toAppend({ ...loaded, events: [] })),
    {
      era: eraOf(loadedTargets),
    },
  );
}

/** The earliest: the store refuses the append when the log has gone back since any of the states was read. */
function eraOf(loadedTargets: readonly LoadedTarget[]): number {
  return Math.min(...loadedTargets.map(({ folded }) => folded.era));
}

function toAppend({ target, folded, events }: LoadedTarget & Pick<Change, 'events'>) {
  return { streamId: target.streamId, events, expectedVersion: folded.streamVersion };
}
