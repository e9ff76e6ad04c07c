import { assertId } from '../naming/names.ts';
import type { EventQuery } from '../store/event-store.ts';

/**
 * Validates the words of a query: of a read, a subscription or a condition.
 *
 * @throws InvalidNameError when no event can have the word, such as one with a NUL character.
 */
export function assertQuery({ types, category, tags }: EventQuery): void {
  if (category !== undefined) assertId('category', category);
  for (const type of types ?? []) assertId('event type', type);
  for (const tag of tags ?? []) assertId('tag', tag);
}
