import type { ProjectionMode } from '@leftfold/core';
import type { SubscriptionStatus } from '@leftfold/subscriptions';

/** State and progress of one projection. */
export interface ProjectionStatus extends SubscriptionStatus {
  readonly mode: ProjectionMode;
}
