export type { Moment } from './audit/moment.ts';
export { PastProjection } from './audit/past-projection.ts';
export { type AsOfOptions, ProjectionAudit, type ProjectionAuditOptions } from './audit/projection-audit.ts';
export type { ProjectionDifference, RowDifference } from './compare/projection-difference.ts';
export type { Repair } from './verify/repair-projection.ts';
export type { Verification, VerifyOptions, VerifyProgress } from './verify/verification.ts';
export {
  type ColumnChange,
  type ExplainOptions,
  explainRow,
  type RowEvent,
  type RowExplanation,
} from './history/explain-row.ts';
export {
  assertReadLogOptions,
  type ReadLogOptions,
  readUpTo,
} from './history/read-up-to.ts';
export {
  type ReadChanges,
  type RowChange,
  rowChanges,
  type RowChangesOptions,
} from './history/row-changes.ts';
export {
  type InlineProjections,
  inlineProjections,
  type InlineProjectionsOptions,
} from './inline/inline-projections.ts';
export type { DistinctTables, QueryOf, ReadModelQueries, ReadTables, RowsQuery } from './query/query-of.ts';
export type { QueryOptions, ReadOptions } from './query/query-options.ts';
export { queryProjection } from './query/query-projection.ts';
export { type ReadAt, readProjections, type ReadWork } from './query/read-projections.ts';
export type { QueryContext } from './query/snapshot.ts';
export type {
  GatedRebuildOptions,
  GatedRebuildResult,
  RebuildDifference,
  RebuildOptions,
  RebuildResult,
  RollbackOptions,
} from './rebuild/rebuild-options.ts';
export type { ProjectionVersion, VersionUse } from './rebuild/versions.ts';
export type { RebuildState, RebuildStatus } from './rebuild/rebuild-status.ts';
export { createProjectionRunner } from './runner/create-projection-runner.ts';
export { ProjectionRunner } from './runner/projection-runner.ts';
export type { ProjectionRef, ProjectionRunnerOptions } from './runner/projection-runner-options.ts';
export type { ProjectionStatus } from './runner/projection-status.ts';
export { projectionSchema } from './tables/projection-schema.ts';
