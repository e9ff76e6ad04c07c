/** A row of `checkpoints`, as the statements of this folder select it: int8 as text. */
export interface CheckpointRow {
  readonly projection: string;
  readonly version: number;
  readonly position: string;
  readonly epoch: string;
  readonly owner: string | null;
  readonly leased: boolean;
  readonly inline: boolean;
  readonly stopped: boolean;
  readonly failed_position: string | null;
  readonly failed_type: string | null;
  readonly failed_message: string | null;
}

/** Where a row's `position` and `epoch` are all that is asked for. */
export interface LeaseRow {
  readonly position: string;
  readonly epoch: string;
}
