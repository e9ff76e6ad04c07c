import { assertList, assertOptions, type OptionNames } from '../input/assert-argument.ts';
import { assertId } from '../naming/names.ts';
import type { EventQuery } from '../store/event-store.ts';

const queryNames: OptionNames<EventQuery> = { types: true, category: true, tags: true };

/**
 * Validates a query: of a read, a subscription or a condition.
 *
 * @param argument the name of the query's option, for error messages
 * @throws InvalidArgumentError when it is no query, or has a misspelt part, which would make it match more.
 * @throws InvalidNameError when no event can have the word, such as one with a NUL character.
 */
export function assertQuery(argument: string, query: EventQuery | null | undefined): void {
  assertOptions(argument, query, queryNames);
  const { types, category, tags } = query ?? {};
  if (category !== undefined) assertId('category', category);
  assertWords(`${argument}.types`, 'event type', types);
  assertWords(`${argument}.tags`, 'tag', tags);
}

function assertWords(argument: string, kind: string, words: readonly string[] | undefined): void {
  if (words === undefined) return;
  assertList(argument, words);
  // A hole of the list would be sent as null.
  for (let index = 0; index < words.length; index += 1) assertId(kind, words[index]);
}
