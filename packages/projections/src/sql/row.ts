import { toSafeNumber } from '@leftfold/postgres';
import type { CheckpointRow, LeaseRow } from './schema.ts';

/** One version of one projection: what a checkpoint is kept for. */
export interface ProjectionKey {
  readonly name: string;
  readonly version: number;
}

/** The event at which a projection stopped. Position and type are missing when the failure has no single event. */
export interface StoredFailure {
  readonly position: number | undefined;
  readonly type: string | undefined;
  readonly message: string;
}

/** How far a projection is, and who may advance it. */
export interface Checkpoint {
  readonly projection: string;
  readonly version: number;
  readonly position: number;
  readonly epoch: number;
  readonly owner: string | undefined;
  /** Whether the owner's lease is still good. */
  readonly leased: boolean;
  /** Whether appends apply it themselves. */
  readonly inline: boolean;
  /** Set when the projection stopped, until it is restarted or reset. */
  readonly failure: StoredFailure | undefined;
}

export function toCheckpoint(row: CheckpointRow): Checkpoint {
  return {
    projection: row.projection,
    version: row.version,
    position: toSafeNumber(row.position),
    epoch: toSafeNumber(row.epoch),
    owner: row.owner ?? undefined,
    leased: row.leased,
    inline: row.inline,
    failure: row.stopped
      ? {
          position: row.failed_position === null ? undefined : toSafeNumber(row.failed_position),
          type: row.failed_type ?? undefined,
          message: row.failed_message ?? 'unknown cause',
        }
      : undefined,
  };
}

export interface HeldPosition {
  readonly position: number;
  readonly epoch: number;
}

export function toHeldPosition(row: LeaseRow): HeldPosition {
  return { position: toSafeNumber(row.position), epoch: toSafeNumber(row.epoch) };
}
