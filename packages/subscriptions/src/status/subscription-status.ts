import type { Checkpoint, Demotion, StoredFailure } from '../sql/row.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/**
 * `running`: a process holds the lease. `waiting`: no process holds it. `inline`: each append processes its own events.
 * `stopped`: at an event that could not be processed; a release that has not failed there tries again. `outdated`: no
 * process that ran it knows the event that comes next; a newer release continues. `mismatched`: its definition in this
 * process differs from the one in the database, and this process leaves it alone. `missing`: the subscription has no checkpoint in this database,
 * because migrate() was not called with it.
 */
export type SubscriptionState =
  | 'running'
  | 'waiting'
  | 'inline'
  | 'stopped'
  | 'outdated'
  | 'mismatched'
  | 'missing';

/** State and progress of one subscription. */
export interface SubscriptionStatus extends SubscriptionKey {
  readonly state: SubscriptionState;
  /** Every event at or below it that the subscription reads has been processed. For `inline`, the high-water mark. */
  readonly position: number;
  /** Distance from the position to the high-water mark: an upper bound of the number of events to process. */
  readonly lag: number;
  /** The process that holds the lease. */
  readonly owner: string | undefined;
  /** Set for a while after appends ceased to process its events, because one of them did not. */
  readonly demotion: Demotion | undefined;
  /** Whether it has ever reached the high-water mark since it began or was reset. */
  readonly caughtUp: boolean;
  /**
   * Set while a process holds the lease, events wait, and the position has not moved for twice `leaseMs`: since when, in
   * words, and in the process that holds the lease also what went wrong.
   */
  readonly notAdvancing: string | undefined;
  /** How many keys are parked, and how many events are set aside for them. */
  readonly parked: ParkedTotals;
  /** Why the subscription stopped. */
  readonly failure: StoredFailure | undefined;
  /** How the definition of this process differs from the one in the database; empty when it does not. */
  readonly differences: readonly string[];
}

/** How much of a subscription is parked. */
export interface ParkedTotals {
  readonly keys: number;
  readonly events: number;
}

/** What is known beside the subscription's row. */
export interface StatusContext {
  readonly highWaterMark: number;
  readonly differences: readonly string[];
  /** Since when the position has not moved, in words; undefined when that is not long ago. */
  readonly standstill: string | undefined;
  /** @default nothing */
  readonly parked: ParkedTotals | undefined;
}

export function toStatus(
  { name, version, slice }: SubscriptionKey,
  checkpoint: Checkpoint | undefined,
  { highWaterMark, differences, standstill, parked }: StatusContext,
): SubscriptionStatus {
  const position = checkpoint?.inline === true ? highWaterMark : (checkpoint?.position ?? 0);
  return {
    name,
    version,
    slice,
    state: differences.length > 0 ? 'mismatched' : stateOf(checkpoint),
    position,
    lag: Math.max(0, highWaterMark - position),
    owner: checkpoint?.leased === true ? checkpoint.owner : undefined,
    demotion: checkpoint?.demotion,
    caughtUp: checkpoint?.caughtUp ?? false,
    notAdvancing: checkpoint?.leased === true ? standstill : undefined,
    parked: { keys: parked?.keys ?? 0, events: parked?.events ?? 0 },
    failure: checkpoint?.failure,
    differences,
  };
}

function stateOf(checkpoint: Checkpoint | undefined): SubscriptionState {
  if (checkpoint === undefined) return 'missing';
  if (checkpoint.failure !== undefined) return checkpoint.failure.outdated ? 'outdated' : 'stopped';
  if (checkpoint.inline) return 'inline';
  return checkpoint.leased ? 'running' : 'waiting';
}
