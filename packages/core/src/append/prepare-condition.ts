import { AppendTooLargeError } from '../errors/append-errors.ts';
import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertOneOf, assertOptions, assertWhole, type OptionNames } from '../input/assert-argument.ts';
import { reading } from '../input/reading.ts';
import type {
  AppendCondition,
  ConditionQuery,
  DecisionQueries,
  DecisionQuery,
  EventQuery,
} from '../store/query.ts';
import { MAX_CONDITION_QUERIES, MAX_QUERY_TYPES, MAX_TAGS } from './append-limits.ts';
import type { PreparedCondition } from './append-request.ts';
import type { EventCatalog } from '../event/event-catalog.ts';
import { assertKnownTypes, assertQuery, type KnownTypes, listOf } from './assert-query.ts';

const conditionNames: OptionNames<AppendCondition> = { failIfMatch: true, after: true };

/**
 * Validates a condition. Its queries then ask for every type under which an event can be stored.
 *
 * @param owner a stream of its append, for error messages
 * @throws InvalidNameError, UnknownEventError, InvalidArgumentError, AppendTooLargeError
 */
export function prepareCondition(
  condition: AppendCondition,
  owner: string,
  catalog: EventCatalog,
): PreparedCondition {
  assertOptions('condition', condition, conditionNames);
  const { failIfMatch, after = 0 } = condition;
  assertWhole('condition.after', after);
  const queries = prepareQueries<ConditionQuery>(failIfMatch, owner, catalog, { after: true });
  for (const query of queries) assertAfter(query);
  return { queries: queries.map((query) => catalog.asStored(query)), after };
}

/** The highest position up to which the log was read for a condition; 0 without one. */
export function readUpTo(condition: PreparedCondition | undefined): number {
  if (condition === undefined) return 0;
  return Math.max(...condition.queries.map(({ after = condition.after }) => after));
}

function assertAfter({ after }: ConditionQuery): void {
  if (after !== undefined) assertWhole('condition.failIfMatch.after', after);
}

/**
 * Validates the queries of a read for a decision.
 *
 * @throws InvalidNameError, UnknownEventError, InvalidArgumentError
 */
export function prepareDecision(queries: DecisionQueries, known: KnownTypes): readonly DecisionQuery[] {
  const prepared = prepareQueries<DecisionQuery>(queries, undefined, known, { last: true, after: true });
  for (const query of prepared) {
    assertOneOf('last', query.last, [true, false]);
    assertAfter(query);
  }
  return prepared;
}

/**
 * @param owner a stream of its append, for error messages; undefined for a read
 * @param others names of further parts
 */
function prepareQueries<TQuery extends EventQuery>(
  given: TQuery | readonly TQuery[],
  owner: string | undefined,
  known: KnownTypes,
  others?: Readonly<Record<string, true>>,
): readonly TQuery[] {
  const list = listOf(given);
  assertCount('queries', list, MAX_CONDITION_QUERIES, owner);
  const queries = reading(ARGUMENT, () => [...list]);
  for (const query of queries) {
    assertQuery(ARGUMENT, query ?? null, undefined, others);
    if (query.tags !== undefined) assertCount('tags', query.tags, MAX_TAGS, owner);
    if (query.types !== undefined) assertCount('types', query.types, MAX_QUERY_TYPES, owner);
    assertKnownTypes(query.types, known);
  }
  return queries;
}

const ARGUMENT = 'condition.failIfMatch';

/** An empty list is most likely a mistake: without tags a query matches any, and without types no event. */
function assertCount(what: string, list: readonly unknown[], limit: number, owner: string | undefined): void {
  const count = reading(ARGUMENT, () => list.length);
  if (count === 0)
    throw new InvalidArgumentError(
      ARGUMENT,
      `has an empty list of ${what}; name at least one, or leave it out`,
    );
  if (count <= limit) return;
  if (owner === undefined)
    throw new InvalidArgumentError(ARGUMENT, `has ${count} ${what}, the limit is ${limit}`);
  const fix = `ask for fewer ${what}, by a tag that all of these events have`;
  throw new AppendTooLargeError(owner, `number of ${what} of a condition`, count, limit, { fix });
}
