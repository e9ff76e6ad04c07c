import type { Checkpoint } from '../sql/row.ts';
import { refKeyOf } from './subscription-key.ts';

/** A subscription whose slices are taken together. */
export interface AllSlices {
  /** That of the slice that is behind the others. */
  readonly position: number;
  readonly inline: boolean;
  readonly demotion: Checkpoint['demotion'];
  /** That of the first slice that stopped. */
  readonly failure: Checkpoint['failure'];
  /** The slice that failed, or 0. */
  readonly failedSlice: number;
  /** What failed last in the first slice in which something did and is tried again. */
  readonly retrying: Checkpoint['retrying'];
  /** Whether all of them have reached the high-water mark. */
  readonly caughtUp: boolean;
  readonly checkpoints: readonly Checkpoint[];
}

/** @param checkpoints all slices of several subscriptions. @returns by `refKeyOf` */
export function allSlicesOf(checkpoints: readonly Checkpoint[]): ReadonlyMap<string, AllSlices> {
  const byRef = new Map<string, Checkpoint[]>();
  for (const checkpoint of checkpoints) {
    const refKey = refKeyOf(checkpoint);
    const slices = byRef.get(refKey);
    if (slices === undefined) byRef.set(refKey, [checkpoint]);
    else slices.push(checkpoint);
  }
  return new Map([...byRef].map(([refKey, slices]) => [refKey, together(slices)]));
}

function together(checkpoints: readonly Checkpoint[]): AllSlices {
  const failed = checkpoints.find(({ failure }) => failure !== undefined);
  return {
    position: Math.min(...checkpoints.map(({ position }) => position)),
    inline: checkpoints.every(({ inline }) => inline),
    demotion: checkpoints[0]?.demotion,
    failure: failed?.failure,
    failedSlice: failed?.slice ?? 0,
    retrying: checkpoints.find(({ retrying }) => retrying !== undefined)?.retrying,
    caughtUp: checkpoints.every(({ caughtUp }) => caughtUp),
    checkpoints,
  };
}
