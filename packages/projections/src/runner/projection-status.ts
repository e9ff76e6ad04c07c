import type { AnyProjection, ProjectionMode } from '@leftfold/core';
import type { Checkpoint, StoredFailure } from '../sql/row.ts';

/**
 * `running`: somebody holds its lease. `waiting`: nobody does. `inline`: appends apply it. `stopped`: at an event that
 * could not be applied. `missing`: it has no checkpoint in this database, for nobody migrated it.
 */
export type ProjectionState = 'running' | 'waiting' | 'inline' | 'stopped' | 'missing';

/** How one projection stands. */
export interface ProjectionStatus {
  readonly name: string;
  readonly version: number;
  readonly mode: ProjectionMode;
  readonly state: ProjectionState;
  /** Every event at or below it that the projection reads is applied. For `inline`, the settled position. */
  readonly position: number;
  /** How far behind the settled position it is, in positions; an upper bound of the events it has to apply. */
  readonly lag: number;
  /** Who holds the lease. */
  readonly owner: string | undefined;
  /** Why it stopped. */
  readonly failure: StoredFailure | undefined;
}

export function toStatus(
  { name, version, mode }: AnyProjection,
  checkpoint: Checkpoint | undefined,
  settled: number,
): ProjectionStatus {
  const position = checkpoint?.inline === true ? settled : (checkpoint?.position ?? 0);
  return {
    name,
    version,
    mode,
    state: stateOf(checkpoint),
    position,
    lag: Math.max(0, settled - position),
    owner: checkpoint?.leased === true ? checkpoint.owner : undefined,
    failure: checkpoint?.failure,
  };
}

function stateOf(checkpoint: Checkpoint | undefined): ProjectionState {
  if (checkpoint === undefined) return 'missing';
  if (checkpoint.failure !== undefined) return 'stopped';
  if (checkpoint.inline) return 'inline';
  return checkpoint.leased ? 'running' : 'waiting';
}
