export {
  assertDuration,
  assertInstant,
  assertList,
  assertObject,
  assertOneOf,
  assertOptions,
  assertPlainObject,
  assertWhole,
  type OptionNames,
} from './assert-argument.ts';
export { compareSchemas } from '../event-schemas/compare-schema.ts';
export { comparable } from '../event-schemas/json-schema.ts';
export { publishedSchema, type SchemaDraft } from '../event-schemas/published-schema.ts';
export type { SchemaChange, SchemaEffect } from '../event-schemas/schema-change.ts';
export { unsayableIn, type UnsayablePart } from '../event-schemas/unsayable.ts';
export { commandNameOf } from './command-name.ts';
export { holds } from './holds.ts';
export { reading } from './reading.ts';
export { sourceOf } from './source-of.ts';
export { declaredPath } from './declared-path.ts';
export { parseCommandInput } from './parse-command-input.ts';
export { ownInput } from './own-input.ts';
export { beyondLimits, type Parsed, parseWith } from './parse-with.ts';
export { type EventPlace, placeOfToken } from '../log-token/log-token.ts';
export { type FoundAtPlace, isInLog, placeAfter } from '../log-token/token-check.ts';
export { shownName } from '../errors/shown.ts';
export { ProgressMeter, toProgress } from '../progress/progress.ts';
export { readable, thrownText } from '../errors/thrown.ts';
export { assertSubscriptionName } from '../naming/names.ts';
export { isPlainObject } from '../json/json-part.ts';
export {
  assertAggregate,
  assertDecision,
  assertEach,
  assertEvent,
  assertEventGroup,
  assertFunction,
  assertGiven,
  assertGivenFunction,
  assertGivenText,
  assertMembers,
  assertProjection,
  assertReaction,
  assertSchema,
  assertText,
  isDecision,
  notDefinition,
} from './assert-definition.ts';
export { isAggregateRead, isFoldRead } from '../decision/reads.ts';
export { assertHandlers, assertSomeHandler } from '../aggregate/assert-aggregate-options.ts';
export { typesOf } from '../projection/assert-projection-options.ts';
export { assertReactionStart } from '../reaction/reaction-start.ts';
