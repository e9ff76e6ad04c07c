import type { AppendedTypes } from '../decide/appended-types.ts';
import type { Plan } from '../decide/plan.ts';
import { laneOf } from '../load/fold-target.ts';
import type { LaneUse } from '../stream-queue/stream-queues.ts';

/**
 * What a command shares with those that it would probably conflict with: its streams, and the first tags of its folds. It is
 * alone in a stream. On a tag it shares with those that append nothing which the folds of the other one read there, as far
 * as is known from what both have appended before.
 */
export function laneUsesOf({ name, targets, folds }: Plan, appendedTypes: AppendedTypes): readonly LaneUse[] {
  const streams = targets.map(({ streamId }) => ({ lane: streamId }));
  if (folds.length === 0) return streams;
  const appended = appendedTypes.of(name);
  const readByLane = new Map<string, string[]>();
  for (const target of folds) {
    const lane = laneOf(target);
    const read = readByLane.get(lane) ?? [];
    readByLane.set(lane, read);
    read.push(...target.fold.types);
  }
  const tags = [...readByLane].map(([lane, read]) => ({
    lane,
    types: appended === undefined ? undefined : { read, appended },
  }));
  return [...streams, ...tags];
}
