import { type FailedAttempts, retryOf } from '../status/failed-attempts.ts';
import type { DeclaredDefinition } from '../subscription/definition-hash.ts';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import type { HeldLease } from './leases.ts';
import type { CheckpointRow } from './schema.ts';

/** Why a subscription stopped. Position and type are missing when the failure has no single event. */
export interface StoredFailure {
  readonly position: number | undefined;
  readonly type: string | undefined;
  readonly message: string;
  /** True when the event is newer than the processes that met it: a newer release continues. */
  readonly outdated: boolean;
  /** The releases that failed at this event. Another release tries again. */
  readonly releases: readonly string[];
}

/** Appends ceased to process a subscription's events, because one of them did not. */
export interface Demotion {
  readonly at: Date;
  /** Role, application name and address of the session that appended. */
  readonly by: string;
  /** It is not made inline again before this time. */
  readonly inlineAfter: Date;
}

/** How far a subscription has come, and which process may advance it. */
export interface Checkpoint extends SubscriptionKey {
  /** How many slices the events are divided into. */
  readonly slices: number;
  /** Set while that number changes. */
  readonly nextSlices: number | undefined;
  /** Set meanwhile: no slice goes past this position, and all of them come to it. */
  readonly until: number | undefined;
  readonly definition: DeclaredDefinition;
  readonly definitionHash: string;
  readonly position: number;
  readonly epoch: number;
  readonly owner: string | undefined;
  /** The only release whose processes take the lease. */
  readonly forRelease: string | undefined;
  /** Whether the owner's lease has not expired. */
  readonly leased: boolean;
  /** Whether the owner makes the subscription inline. */
  readonly ownerPromotes: boolean;
  /** Whether each append processes its own events. */
  readonly inline: boolean;
  /** Set while the subscription may not be made inline again. */
  readonly demotion: Demotion | undefined;
  /** Whether it has ever reached the high-water mark since it began or was reset. */
  readonly caughtUp: boolean;
  /** Whether no process may run it until it is resumed. */
  readonly paused: boolean;
  /** Set while the subscription is stopped: until it is resumed or reset, or another release takes over. */
  readonly failure: StoredFailure | undefined;
  /** What failed last at this position, and is tried again by itself. */
  readonly retrying: FailedAttempts | undefined;
}

export function toCheckpoint(row: CheckpointRow): Checkpoint {
  return {
    name: row.name,
    version: row.version,
    slice: row.slice,
    slices: row.slices,
    nextSlices: row.next_slices ?? undefined,
    until: row.until_position ?? undefined,
    definition: row.definition,
    definitionHash: row.definition_hash,
    position: row.position,
    epoch: row.epoch,
    owner: row.owner ?? undefined,
    forRelease: row.for_release ?? undefined,
    leased: row.leased,
    ownerPromotes: row.owner_promotes,
    inline: row.inline,
    demotion: row.demoted ? toDemotion(row) : undefined,
    caughtUp: row.caught_up,
    paused: row.paused,
    failure: row.stopped
      ? {
          position: row.failed_position ?? undefined,
          type: row.failed_type ?? undefined,
          message: row.failed_message ?? 'unknown cause',
          outdated: row.outdated,
          releases: row.failed_releases,
        }
      : undefined,
    retrying: row.retried && !row.stopped ? retryOf(row) : undefined,
  };
}

function toDemotion({
  demoted_at: at,
  demoted_by: by,
  inline_after: inlineAfter,
}: CheckpointRow): Demotion | undefined {
  if (at === null || inlineAfter === null) return undefined;
  return { at: new Date(at * 1_000), by: by ?? 'unknown', inlineAfter: new Date(inlineAfter * 1_000) };
}

/** Whether the row states this lease. An expired one is still held until another process takes it. */
export function isHeld(
  { epoch, owner }: Pick<HeldLease, 'epoch' | 'owner'>,
  checkpoint: Checkpoint | undefined,
): boolean {
  return checkpoint !== undefined && checkpoint.epoch === epoch && checkpoint.owner === owner;
}
