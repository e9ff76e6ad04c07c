import { InvalidArgumentError } from '../errors/argument-errors.ts';
import { assertOptions, type OptionNames } from '../input/assert-argument.ts';
import { assertEach } from '../input/assert-definition.ts';
import { holds } from '../input/holds.ts';
import { reading } from '../input/reading.ts';
import { assertId } from '../naming/names.ts';
import { InvalidNameError, UnknownEventError } from '../errors/definition-errors.ts';
import type { EventQueries, EventQuery } from '../store/query.ts';
import { MAX_CONDITION_QUERIES } from './append-limits.ts';

/** The event types that have a definition. */
export interface KnownTypes {
  has(type: string): boolean;
  /** The types that events of a retired type are read as. */
  targetsOf(type: string): readonly string[] | undefined;
}

const queryNames: OptionNames<EventQuery> = { types: true, category: true, tags: true };

/**
 * Validates a query: of a read, a subscription or a condition.
 *
 * @param argument the name of the query's option, for error messages
 * @param known undefined for a reader that skips unknown events
 * @param others names of further parts
 * @throws InvalidArgumentError when it is no query, or has a misspelt part, which would make it match more.
 * @throws InvalidNameError when no event can have the word, such as one with a NUL character, or a category with a hyphen.
 * @throws UnknownEventError when no definition has a type: misspelt, it would match nothing.
 */
export function assertQuery(
  argument: string,
  query: EventQuery | null | undefined,
  known?: KnownTypes,
  others?: Readonly<Record<string, true>>,
): void {
  assertOptions(argument, query, queryNames, others);
  const { types, category, tags } = query ?? {};
  if (category !== undefined) assertCategoryText(category);
  assertWords(`${argument}.types`, 'event type', types);
  assertWords(`${argument}.tags`, 'tag', tags);
  if (known !== undefined) assertKnownTypes(types, known);
}

/**
 * Validates what a read or a subscription selects.
 *
 * @throws like {@link assertQuery}; InvalidArgumentError also for a list that is empty, or has more than 64 queries.
 */
export function assertQueries(
  argument: string,
  queries: EventQueries | null | undefined,
  known?: KnownTypes,
): void {
  if (queries === undefined) return;
  // Before the list is copied, which takes memory for each of its holes too.
  const count = reading(argument, () => listOf(queries).length);
  if (count === 0)
    throw new InvalidArgumentError(argument, 'is an empty list; name at least one query, or leave it out');
  if (count > MAX_CONDITION_QUERIES)
    throw new InvalidArgumentError(argument, `has ${count} queries, the limit is ${MAX_CONDITION_QUERIES}`);
  const list = reading(argument, () => [...listOf(queries)]);
  // A hole of the list would be every event.
  for (const query of list) assertQuery(argument, query ?? null, known);
}

/** The queries of what may be one. */
export function listOf<TQuery extends object>(queries: TQuery | readonly TQuery[] | null): readonly TQuery[] {
  return isList(queries) ? queries : [queries as TQuery];
}

function isList<TQuery>(queries: TQuery | readonly TQuery[]): queries is readonly TQuery[] {
  return holds(() => Array.isArray(queries));
}

/** @throws UnknownEventError when no definition has a type: misspelt, it would match nothing. */
export function assertKnownTypes(types: readonly string[] | undefined, known: KnownTypes): void {
  for (const type of types ?? [])
    if (!known.has(type)) throw new UnknownEventError(type, { inQuery: true, readAs: known.targetsOf(type) });
}

/** Streams may have any name, so that their categories need not be ones that a definition can have. */
function assertCategoryText(category: string): void {
  assertId('category', category);
  if (category.includes('-'))
    throw new InvalidNameError('category', category, 'has a hyphen; give the part before the first one');
}

function assertWords(argument: string, kind: string, words: readonly string[] | undefined): void {
  if (words === undefined) return;
  assertEach(argument, words, (_, word) => assertId(kind, word as string | undefined));
}
