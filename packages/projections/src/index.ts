export {
  type InlineProjections,
  inlineProjections,
  type InlineProjectionsOptions,
} from './inline/inline-projections.ts';
export {
  createProjectionRunner,
  type ProjectionRef,
  ProjectionRunner,
  type ProjectionRunnerOptions,
  type WaitForOptions,
} from './runner/projection-runner.ts';
export type { ProjectionState, ProjectionStatus } from './runner/projection-status.ts';
export type { RetryOptions } from './runner/retry.ts';
export type {
  OnIncident,
  SubscriptionIncident,
} from './runner/subscription-incident.ts';
export type { StoredFailure } from './sql/row.ts';
export { projectionSchema } from './tables/projection-schema.ts';
export { ProjectionTableMismatchError } from './tables/projection-table-mismatch-error.ts';
