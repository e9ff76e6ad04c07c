import type { AnyProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { RunnerOptions } from '@leftfold/subscriptions';

/** Most rows that a table projection keeps in memory between batches, unless another number is given. */
export const CACHED_ROWS = 20_000;

/** What {@link createProjectionRunner} takes. */
export interface ProjectionRunnerOptions extends RunnerOptions {
  readonly store: PostgresEventStore;
  /** Those of mode 'inline' catch up with the log, and are then left to the appends. */
  readonly projections: readonly AnyProjection[];
  /** Most rows that a table projection keeps in memory between batches; 0 for none. @default 20000 */
  readonly cachedRows?: number | undefined;
}

/** A projection's definition, or its name if the runner has one version of it. */
export type ProjectionRef = string | { readonly name: string; readonly version: number };
