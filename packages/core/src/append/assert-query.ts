import { assertId } from '../naming/names.ts';
import type { EventQuery } from '../store/event-store.ts';

/**
 * Checks the words of a query, for reads, subscriptions and conditions alike.
 *
 * @throws InvalidNameError for a word that no event could have, such as one with a NUL character.
 */
export function assertQuery({ types, category, tags }: EventQuery): void {
  if (category !== undefined) assertId('category', category);
  for (const type of types ?? []) assertId('event type', type);
  for (const tag of tags ?? []) assertId('tag', tag);
}
