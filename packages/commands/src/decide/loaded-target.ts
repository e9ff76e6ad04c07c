import { type ExpectedVersion, StreamVersionConflictError } from '@leftfold/core';
import type { FoldedState } from '../load/folded.ts';
import type { Target } from './plan.ts';

/** An aggregate of a command, and how it stands. */
export interface LoadedTarget {
  readonly target: Target;
  readonly folded: FoldedState;
}

/** What the caller demanded of a stream and did not find. */
export function unmetExpectation(standings: readonly LoadedTarget[]): StreamVersionConflictError | undefined {
  for (const { target, folded } of standings) {
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
