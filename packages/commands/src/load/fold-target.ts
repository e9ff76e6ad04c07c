import type { AnyFold, DecisionQuery, FoldTags, RecordedEvent } from '@leftfold/core';

/** A fold over the events with certain tags, which a decision reads. */
export interface FoldTarget {
  readonly fold: AnyFold;
  readonly values: FoldTags;
  /** Tags that an event has all of; none for all events of the fold's types. */
  readonly tags: readonly string[];
}

interface QueryOfFolds {
  readonly last: boolean;
  readonly tags: readonly string[];
  readonly types: Set<string>;
}

/** True when the event counts in the fold. */
export function countsIn({ fold, tags }: FoldTarget, event: RecordedEvent): boolean {
  return fold.types.includes(event.type) && tags.every((tag) => event.tags.includes(tag));
}

/** What the folds read: one query for those with the same tags, which asks for the types of all of them. */
export function queriesOf(targets: readonly FoldTarget[]): readonly DecisionQuery[] {
  const byTags = new Map<string, QueryOfFolds>();
  for (const [index, { fold, tags }] of targets.entries()) {
    // The last event of one fold is not that of another one.
    const key = JSON.stringify([fold.last ? index : '', tags.toSorted()]);
    const query = byTags.get(key) ?? { last: fold.last, tags, types: new Set() };
    byTags.set(key, query);
    for (const type of fold.types) query.types.add(type);
  }
  return [...byTags.values()].map(({ last, tags, types }) => ({
    types: [...types],
    ...(last && { last }),
    ...(tags.length > 0 && { tags }),
  }));
}

/** What decisions of one process that would probably conflict have in common: they run one after another. */
export function laneOf({ fold, tags: [tag] }: FoldTarget): string {
  // No stream id has a control character.
  return `\0${tag ?? fold.types.toSorted().join()}`;
}
