import { assertId, type EventFilter } from '@leftfold/core';

/** @throws InvalidNameError for a word that no event could have, such as one with a NUL character */
export function assertQuery({ types, category, tags }: EventFilter): void {
  if (category !== undefined) assertId('category', category);
  for (const type of types ?? []) assertId('event type', type);
  for (const tag of tags ?? []) assertId('tag', tag);
}
