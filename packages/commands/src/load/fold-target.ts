import {
  type AnyFold,
  type AppendConditionFailedError,
  type DecisionQuery,
  type FoldTags,
  type RecordedEvent,
  storedTypesOf,
} from '@leftfold/core';

/** A fold over the events with certain tags, which a decision reads. */
export interface FoldTarget {
  /** Its role in the decision. */
  readonly role: string;
  readonly fold: AnyFold;
  readonly values: FoldTags;
  /** Tags that an event has all of; none for all events of the fold's types. */
  readonly tags: readonly string[];
}

/** A fold whose state has all events up to a position. */
interface ReadTarget extends FoldTarget {
  /** @default 0 */
  readonly after?: number;
}

/** Folds that one query asks for: those with the same tags. */
interface FoldGroup {
  readonly last: boolean;
  readonly tags: readonly string[];
  readonly targets: ReadTarget[];
}

/** True when the event counts in the fold. */
export function countsIn({ fold, tags }: FoldTarget, event: RecordedEvent): boolean {
  return fold.types.includes(event.type) && tags.every((tag) => event.tags.includes(tag));
}

/**
 * What the folds read: one query for those with the same tags, which asks for the types of all of them, after the position
 * up to which all of them have them.
 */
export function queriesOf(targets: readonly ReadTarget[]): readonly DecisionQuery[] {
  return groupsOf(targets).map(({ last, tags, targets: grouped }) => {
    const after = Math.min(...grouped.map((target) => target.after ?? 0));
    return {
      types: [...new Set(grouped.flatMap(({ fold }) => fold.types))],
      ...(after > 0 && { after }),
      ...(last && { last }),
      ...(tags.length > 0 && { tags }),
    };
  });
}

/** The roles of the folds in which an event counts that matches some of their {@link queriesOf}. */
export function rolesOf(
  targets: readonly FoldTarget[],
  { queries, type }: Pick<AppendConditionFailedError, 'queries' | 'type'>,
): readonly string[] {
  const counting = groupsOf(targets)
    .filter((_, index) => queries.includes(index))
    .flatMap((group) => group.targets)
    .filter(({ fold }) => storedTypesOf(fold.events, fold.types).includes(type));
  return [...new Set(counting.map(({ role }) => role))];
}

function groupsOf(targets: readonly ReadTarget[]): readonly FoldGroup[] {
  const byTags = new Map<string, FoldGroup>();
  for (const [index, target] of targets.entries()) {
    const { fold, tags } = target;
    // The last event of one fold is not that of another one.
    const key = JSON.stringify([fold.last ? index : '', tags.toSorted()]);
    const group = byTags.get(key) ?? { last: fold.last, tags, targets: [] };
    byTags.set(key, group);
    group.targets.push(target);
  }
  return [...byTags.values()];
}

/** What decisions of one process that would probably conflict have in common: they run one after another. */
export function laneOf({ fold, tags: [tag] }: FoldTarget): string {
  // No stream id has a control character.
  return `\0${tag ?? fold.types.toSorted().join()}`;
}
