import { type ExpectedVersion, StreamVersionConflictError } from '@leftfold/core';
import type { FoldTarget } from '../load/fold-target.ts';
import type { FoldedState } from '../load/folded.ts';
import type { Target } from './plan.ts';

/** An aggregate that a command is about, with its loaded state. */
export interface LoadedTarget {
  readonly target: Target;
  readonly folded: FoldedState;
}

/** A fold that a decision reads, with its loaded state. */
export interface LoadedFold {
  readonly target: FoldTarget;
  readonly folded: FoldedState;
}

/** Everything that a command is decided on, in the order of its plan. */
export interface Loaded {
  readonly targets: readonly LoadedTarget[];
  readonly folds: readonly LoadedFold[];
}

/** The states, of whatever. */
export function statesIn({ targets, folds }: Loaded): readonly FoldedState[] {
  return [...targets, ...folds].map(({ folded }) => folded);
}

/** The first target whose stream is not at the version that the caller expects; undefined when all are. */
export function unmetExpectedVersion({ targets }: Loaded): StreamVersionConflictError | undefined {
  for (const { target, folded } of targets) {
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

/** True when no event came in between, and none was lost: another one can have its position. */
export function sameStates(one: Loaded, other: Loaded): boolean {
  const others = statesIn(other);
  return statesIn(one).every(({ era, position, eventId }, index) => {
    const now = others[index];
    return era === now?.era && position === now.position && eventId === now.eventId;
  });
}
