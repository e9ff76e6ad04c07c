export { type AppendLimits, defaultLimits } from './append-limits.ts';
export type { AppendRequest, PreparedCondition, PreparedEvent, StreamPart } from './append-request.ts';
export { assertInstant, assertWhole } from './assert-bounds.ts';
export { assertQuery } from './assert-query.ts';
export { type PrepareContext, prepareRequest } from './prepare-request.ts';
