import { type ExpectedVersion, StreamVersionConflictError } from '@leftfold/core';
import type { FoldedState } from '../load/folded.ts';
import type { Target } from './plan.ts';

/** An aggregate that a command is about, with its loaded state. */
export interface LoadedTarget {
  readonly target: Target;
  readonly folded: FoldedState;
}

/** The first target whose stream is not at the version that the caller expects; undefined when all are. */
export function unmetExpectedVersion(
  loadedTargets: readonly LoadedTarget[],
): StreamVersionConflictError | undefined {
  for (const { target, folded } of loadedTargets) {
    if (!isMet(target.expectedVersion, folded.streamVersion)) {
      return new StreamVersionConflictError(target.streamId, target.expectedVersion, folded.streamVersion);
    }
  }
  return undefined;
}

function isMet(expected: ExpectedVersion, streamVersion: number): boolean {
  switch (expected) {
    case 'any':
      return true;
    case 'no-stream':
      return streamVersion === 0;
    case 'stream-exists':
      return streamVersion > 0;
  }
  return streamVersion === expected;
}

export function sameVersions(one: readonly LoadedTarget[], other: readonly LoadedTarget[]): boolean {
  return one.every(({ folded }, index) => folded.streamVersion === other[index]?.folded.streamVersion);
}
