import type { EventQuery } from '../store/query.ts';

/** What a query asks about an event. */
export interface QueriedEvent {
  readonly type: string;
  readonly streamId: string;
  readonly tags: readonly string[];
}

/** Whether a query selects an event. */
export function matchesQuery(
  { type, streamId, tags }: QueriedEvent,
  { types, category, tags: queried }: EventQuery,
): boolean {
  return (
    (types === undefined || types.includes(type)) &&
    (category === undefined || streamId.startsWith(`${category}-`)) &&
    (queried === undefined || queried.every((tag) => tags.includes(tag)))
  );
}
