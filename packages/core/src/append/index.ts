export { type AppendLimits, appendLimits, defaultLimits } from './append-limits.ts';
export type { AppendRequest, PreparedCondition, PreparedEvent, StreamPart } from './append-request.ts';
export { assertQuery } from './assert-query.ts';
export {
  assertAppendContext,
  assertAppendOptions,
  assertReadAllOptions,
  assertReadStreamOptions,
  assertSubscribeOptions,
} from './store-options.ts';
export { assertExpectedVersion, type PrepareContext, prepareRequest } from './prepare-request.ts';
