import type { Checkpoint, StoredFailure } from '../sql/row.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/**
 * `running`: a process holds the lease. `waiting`: no process holds it. `inline`: each append processes its own events.
 * `stopped`: at an event that could not be processed. `missing`: the subscription has no checkpoint in this database,
 * because migrate() was not called with it.
 */
export type SubscriptionState = 'running' | 'waiting' | 'inline' | 'stopped' | 'missing';

/** State and progress of one subscription. */
export interface SubscriptionStatus extends SubscriptionKey {
  readonly state: SubscriptionState;
  /** Every event at or below it that the subscription reads has been processed. For `inline`, the high-water mark. */
  readonly position: number;
  /** Distance from the position to the high-water mark: an upper bound of the number of events to process. */
  readonly lag: number;
  /** The process that holds the lease. */
  readonly owner: string | undefined;
  /** Why the subscription stopped. */
  readonly failure: StoredFailure | undefined;
}

export function toStatus(
  { name, version, slice }: SubscriptionKey,
  checkpoint: Checkpoint | undefined,
  highWaterMark: number,
): SubscriptionStatus {
  const position = checkpoint?.inline === true ? highWaterMark : (checkpoint?.position ?? 0);
  return {
    name,
    version,
    slice,
    state: stateOf(checkpoint),
    position,
    lag: Math.max(0, highWaterMark - position),
    owner: checkpoint?.leased === true ? checkpoint.owner : undefined,
    failure: checkpoint?.failure,
  };
}

function stateOf(checkpoint: Checkpoint | undefined): SubscriptionState {
  if (checkpoint === undefined) return 'missing';
  if (checkpoint.failure !== undefined) return 'stopped';
  if (checkpoint.inline) return 'inline';
  return checkpoint.leased ? 'running' : 'waiting';
}
