import { type ExpectedVersion, StreamVersionConflictError } from '@leftfold/core';
import type { Folded } from '../load/folded.ts';
import type { Target } from './plan.ts';

/** An aggregate of a command, and how it stands. */
export interface Standing {
  readonly target: Target;
  readonly folded: Folded;
}

/** What the caller demanded of a stream and did not find. */
export function unmetExpectation(standings: readonly Standing[]): StreamVersionConflictError | undefined {
  for (const { target, folded } of standings) {
    if (!isMet(target.expected, folded.streamVersion)) {
      return new StreamVersionConflictError(target.streamId, target.expected, folded.streamVersion);
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

export function sameVersions(one: readonly Standing[], other: readonly Standing[]): boolean {
  return one.every(({ folded }, index) => folded.streamVersion === other[index]?.folded.streamVersion);
}
