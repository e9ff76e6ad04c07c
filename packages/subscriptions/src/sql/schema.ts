/** A row of `subscriptions` as {@link readCheckpoints} selects it. */
export type CheckpointRow = {
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  readonly position: number;
  readonly epoch: number;
  readonly owner: string | null;
  readonly leased: boolean;
  readonly inline: boolean;
  readonly stopped: boolean;
  readonly failed_position: number | null;
  readonly failed_type: string | null;
  readonly failed_message: string | null;
};

/** What a statement returns that changes the owner of a lease. */
export type LeaseRow = {
  readonly position: number;
  readonly epoch: number;
};
