import type { DeclaredDefinition } from '../subscription/definition-hash.ts';

/** A row of `subscriptions` as {@link readCheckpoints} selects it. */
export type CheckpointRow = {
  readonly name: string;
  readonly version: number;
  readonly slice: number;
  readonly slices: number;
  readonly next_slices: number | null;
  readonly until_position: number | null;
  readonly definition: DeclaredDefinition;
  readonly definition_hash: string;
  readonly for_release: string | null;
  readonly position: number;
  readonly epoch: number;
  readonly owner: string | null;
  readonly leased: boolean;
  readonly owner_promotes: boolean;
  readonly inline: boolean;
  readonly demoted: boolean;
  /** Seconds since 1970. */
  readonly demoted_at: number | null;
  readonly demoted_by: string | null;
  readonly inline_after: number | null;
  readonly caught_up: boolean;
  readonly paused: boolean;
  readonly stopped: boolean;
  readonly outdated: boolean;
  readonly failed_releases: readonly string[];
  readonly failed_position: number | null;
  readonly failed_type: string | null;
  readonly failed_message: string | null;
  /** Whether what failed at this position is tried again. */
  readonly retried: boolean;
  readonly retry_position: number | null;
  readonly retry_type: string | null;
  readonly retry_message: string | null;
  readonly retry_attempts: number | null;
};
