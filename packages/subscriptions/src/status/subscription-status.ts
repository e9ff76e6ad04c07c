import type { Checkpoint, Demotion, StoredFailure } from '../sql/row.ts';
import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';

/**
 * `running`: a process holds the lease. `stalled`: a process holds the lease, events wait, and the position has not moved
 * for twice `leaseMs`: see `notAdvancing`. `waiting`: no process holds it. `inline`: each append processes its own events.
 * `stopped`: at an event that could not be processed; a release that has not failed there tries again. `outdated`: no
 * process that ran it knows the event that comes next, or a newer version goes on where it was; a newer release continues. `mismatched`: its definition in this
 * process differs from the one in the database, and this process leaves it alone. `missing`: the subscription has no checkpoint in this database,
 * because migrate() was not called with it.
 */
export type SubscriptionState =
  | 'running'
  | 'stalled'
  | 'waiting'
  | 'inline'
  | 'paused'
  | 'stopped'
  | 'outdated'
  | 'mismatched'
  | 'missing';

/** State and progress of one slice of a subscription. */
export interface SliceStatus {
  /** From 0. */
  readonly slice: number;
  readonly state: SubscriptionState;
  /** Every event of the slice at or below it that the subscription reads has been processed. For `inline`, the high-water mark. */
  readonly position: number;
  /** Distance from the position to the high-water mark: an upper bound of the number of events to process. */
  readonly lag: number;
  /**
   * Age in seconds of the first event that was not processed; 0 when there is none. It is looked for among the next 1,000
   * events, so that it can be too high for a subscription that reads few of them.
   */
  readonly lagSeconds: number;
  /** When the last batch was written, or the subscription began. Undefined for one that is missing. */
  readonly advancedAt: Date | undefined;
  /** The process that holds the lease. */
  readonly owner: string | undefined;
  /** Whether it has ever reached the high-water mark since it began or was reset. */
  readonly caughtUp: boolean;
  /**
   * Set while a process holds the lease, or cannot take it since another transaction has locked its row, events wait, and the
   * position has not moved for twice `leaseMs`: since when, in words, and what went wrong.
   */
  readonly notAdvancing: string | undefined;
  /** Why the slice stopped. */
  readonly failure: StoredFailure | undefined;
}

/**
 * State and progress of one subscription. Of several slices, the values are those of the one that is worst off, or behind
 * the others.
 */
export interface SubscriptionStatus extends SubscriptionRef, Omit<SliceStatus, 'slice'> {
  /** The process that holds the leases of all slices; undefined when there are several, or one has none. */
  readonly owner: string | undefined;
  /**
   * Set while what failed is tried again by itself: what failed last, in words. While the database cannot be reached, only in
   * the process that holds the lease.
   */
  readonly retrying: string | undefined;
  /** Set for a while after appends ceased to process its events, because one of them did not. */
  readonly demotion: Demotion | undefined;
  /** How many keys are parked, and how many events are set aside for them. */
  readonly parked: ParkedTotals;
  /** How the definition of this process differs from the one in the database; empty when it does not. */
  readonly differences: readonly string[];
  readonly slices: readonly SliceStatus[];
  /** Set while the number of slices changes: what it will be. */
  readonly nextSlices: number | undefined;
}

/** How much of a subscription is parked. */
export interface ParkedTotals {
  readonly keys: number;
  readonly events: number;
}

/** What is known of a slice beside its row. */
export interface SliceProgress {
  readonly lagSeconds: number;
  readonly advancedAt: Date | undefined;
  /** Since when the position has not moved, in words; undefined when that is not long ago. */
  readonly standstill: string | undefined;
  /** Whether it waits for a session that keeps it from moving, and from being led. */
  readonly isHeldUp: boolean;
}

/** What is known beside the subscription's rows. */
export interface StatusContext {
  readonly highWaterMark: number;
  readonly differences: readonly string[];
  /** Whether a newer version goes on where it was. */
  readonly isContinued: boolean;
  readonly progressOf: (slice: SubscriptionKey) => SliceProgress;
  /** @default nothing */
  readonly parked: ParkedTotals | undefined;
  readonly retrying: string | undefined;
}

/** Worst first. */
const byUrgency: readonly SubscriptionState[] = [
  'missing',
  'mismatched',
  'stopped',
  'outdated',
  'paused',
  'waiting',
  'stalled',
  'running',
  'inline',
];

export function toStatus(
  { name, version }: SubscriptionRef,
  checkpoints: readonly Checkpoint[],
  { highWaterMark, differences, isContinued, progressOf, parked, retrying }: StatusContext,
): SubscriptionStatus {
  const slices = checkpoints.map((checkpoint) =>
    toSliceStatus(checkpoint, highWaterMark, progressOf(checkpoint)),
  );
  const [first] = slices;
  const failure = slices.find((slice) => slice.failure !== undefined)?.failure;
  const position = slices.length === 0 ? 0 : Math.min(...slices.map((one) => one.position));
  const states = new Set<SubscriptionState>(slices.map(({ state }) => state));
  if (slices.length === 0) states.add('missing');
  if (differences.length > 0) states.add('mismatched');
  if (isContinued) states.add('outdated');
  return {
    name,
    version,
    state: byUrgency.find((state) => states.has(state)) ?? 'missing',
    position,
    lag: Math.max(0, highWaterMark - position),
    lagSeconds: Math.max(0, ...slices.map((one) => one.lagSeconds)),
    advancedAt: slices.find((one) => one.position === position)?.advancedAt,
    owner: slices.every(({ owner }) => owner === first?.owner) ? first?.owner : undefined,
    caughtUp: slices.length > 0 && slices.every(({ caughtUp }) => caughtUp),
    notAdvancing: slices.find(({ notAdvancing }) => notAdvancing !== undefined)?.notAdvancing,
    failure,
    // The keys of a slice that stopped are due, and are not tried.
    retrying: failure === undefined ? retrying : undefined,
    demotion: checkpoints[0]?.demotion,
    parked: { keys: parked?.keys ?? 0, events: parked?.events ?? 0 },
    differences,
    slices,
    nextSlices: checkpoints[0]?.nextSlices,
  };
}

function toSliceStatus(
  checkpoint: Checkpoint,
  highWaterMark: number,
  { lagSeconds, advancedAt, standstill, isHeldUp }: SliceProgress,
): SliceStatus {
  const { slice, inline, leased, owner, caughtUp, failure } = checkpoint;
  const position = inline ? highWaterMark : checkpoint.position;
  return {
    slice,
    state: stateOf(checkpoint, standstill),
    position,
    lag: Math.max(0, highWaterMark - position),
    lagSeconds: inline ? 0 : lagSeconds,
    advancedAt,
    owner: leased ? owner : undefined,
    caughtUp,
    notAdvancing: leased || isHeldUp ? standstill : undefined,
    failure,
  };
}

function stateOf(
  { failure, inline, leased, paused }: Checkpoint,
  standstill: string | undefined,
): SubscriptionState {
  if (failure !== undefined) return failure.outdated ? 'outdated' : 'stopped';
  if (inline) return 'inline';
  if (paused) return 'paused';
  if (!leased) return 'waiting';
  return standstill === undefined ? 'running' : 'stalled';
}
