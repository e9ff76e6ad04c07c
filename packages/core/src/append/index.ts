export { type AppendLimits, appendLimits, defaultLimits } from './append-limits.ts';
export type { AppendRequest, PreparedCondition, PreparedEvent, StreamPart } from './append-request.ts';
export { assertQueries, assertQuery, listOf } from './assert-query.ts';
export { conditionFailed, type MatchedEvent } from './condition-failed.ts';
export { matchesQuery, type QueriedEvent } from './matches-query.ts';
export { prepareDecision, readUpTo } from './prepare-condition.ts';
export {
  assertAppendContext,
  assertAppendOptions,
  assertReadAllOptions,
  assertReadForDecisionOptions,
  assertReadStreamOptions,
  assertSubscribeOptions,
} from './store-options.ts';
export { assertExpectedVersion, type PrepareContext, prepareRequest } from './prepare-request.ts';
export { ValidatedEvent } from '../event/validated-event.ts';
export { readJson } from '../json/read-json.ts';
export { storedLength } from '../json/stored-length.ts';
