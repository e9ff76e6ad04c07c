import type { ProjectionMode } from '@leftfold/core';
import type { RebuildStatus } from '../rebuild/rebuild-status.ts';
import type { SubscriptionStatus } from '@leftfold/subscriptions';

/** State and progress of one projection. */
export interface ProjectionStatus extends SubscriptionStatus {
  readonly mode: ProjectionMode;
  /** Of the copy of its tables, while there is one. */
  readonly rebuild: RebuildStatus | undefined;
}
