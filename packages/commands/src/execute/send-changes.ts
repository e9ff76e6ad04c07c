import {
  type AppendCondition,
  AppendConditionFailedError,
  type AppendContext,
  type AppendToStreamsResult,
  type EventStore,
  LeftfoldError,
  type StreamToAppend,
} from '@leftfold/core';
import type { Changes } from '../decide/decide-on.ts';
import { type Loaded, type LoadedFold, statesIn } from '../decide/loaded.ts';
import { queriesOf, rolesOf } from '../load/fold-target.ts';

/** The arguments of an append. */
export interface PreparedAppend {
  readonly appends: readonly StreamToAppend[];
  readonly context: AppendContext;
  /** What its condition is about. */
  readonly folds: readonly LoadedFold[];
}

/** Where to append: the store, or a lock of it. */
export type AppendTo = Pick<EventStore, 'append' | 'appendToStreams'>;

/**
 * The append of the new events: if every stream is still at its loaded version, and no event was added that counts in a fold.
 * Streams without new events are only checked. The others are in the order of their first events, as they were decided on:
 * the log has them in that order.
 */
export function appendOf({ targets, folds, decided }: Changes, context: AppendContext): PreparedAppend {
  const streams = new Map<string, StreamToAppend>(decided.map((stream) => [stream.streamId, stream]));
  for (const { target, folded, events } of targets) {
    const { streamId } = target;
    streams.set(streamId, { streamId, events, expectedVersion: folded.streamVersion });
  }
  const appends = [...streams.values()];
  const resting = { era: eraOf({ targets, folds }), condition: conditionOf(folds) };
  return { appends, context: { ...context, ...resting }, folds };
}

/** @throws StreamVersionConflictError, AppendConditionFailedError, and other errors of the store */
export async function sendAppend(
  store: AppendTo,
  { appends, context, folds }: PreparedAppend,
): Promise<AppendToStreamsResult> {
  const [only] = appends;
  if (only === undefined || appends.length > 1)
    return store.appendToStreams(appends, context).catch(withRoles(folds));
  const { streamId, events, expectedVersion } = only;
  const stream = await store
    .append(streamId, events, { ...context, expectedVersion })
    .catch(withRoles(folds));
  return { position: stream.position, streams: [stream], duplicate: stream.duplicate };
}

/**
 * Checks that states which were read one after the other were all current at one moment.
 *
 * @throws StreamVersionConflictError, AppendConditionFailedError when one was not
 */
export async function assertUnchanged(store: AppendTo, loaded: Loaded): Promise<void> {
  const { targets, folds } = loaded;
  // All folds were read at one position of the log.
  const reads = targets.length + Math.min(folds.length, 1);
  if (reads < 2) return;
  const checks = targets.map(({ target: { streamId }, folded: { streamVersion: expectedVersion } }) => ({
    streamId,
    events: [],
    expectedVersion,
  }));
  await store
    .appendToStreams(checks, { era: eraOf(loaded), condition: conditionOf(folds) })
    .catch(withRoles(folds));
}

/** The earliest: the store refuses the append when the log has gone back since any of the states was read. */
function eraOf(loaded: Loaded): number | undefined {
  const eras = statesIn(loaded).map(({ era }) => era);
  return eras.length === 0 ? undefined : Math.min(...eras);
}

/** No event that counts in a fold may come after those that it has. */
function conditionOf(folds: readonly LoadedFold[]): AppendCondition | undefined {
  if (folds.length === 0) return undefined;
  const read = folds.map(({ target, folded: { streamVersion: after } }) => ({ ...target, after }));
  return { failIfMatch: queriesOf(read).map(({ last: _last, ...query }) => query) };
}

/** Rethrows an error of the store; of a condition that failed, with the roles of the folds in which the event counts. */
function withRoles(folds: readonly LoadedFold[]): (error: unknown) => never {
  return (error) => {
    if (!LeftfoldError.is(error) || error.code !== 'APPEND_CONDITION_FAILED') throw error;
    const { queries, after, tags } = error;
    const roles = rolesOf(
      folds.map(({ target }) => target),
      error,
    );
    throw new AppendConditionFailedError(error, { queries, after, tags, roles }, { cause: error });
  };
}
