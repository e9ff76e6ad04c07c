import type { EventQuery } from '@leftfold/core';
import type { Fact, Facts } from './facts.ts';
import type { Read } from './query-forms.ts';
import { queriesByRole, queryOf, readsOf, statesAlong } from './reads.ts';
import type { Excluded } from './recording-store.ts';

/** No event that an append excluded lies between its mark and its own events, and it has those of each of its folds excluded. */
export function judgeConditions(facts: Facts): readonly string[] {
  return [...facts.byAppend].flatMap(([append, [first]]) => {
    const condition = first?.basis?.condition;
    if (first === undefined || condition === undefined || condition === null) return [];
    const { position, decision, input } = first;
    const reads = decision === null || input === null ? undefined : readsOf({ decision, input });
    const ofFolds = reads === undefined ? [] : queriesByRole(reads).map(([, query]) => query);
    const excluded = [
      ...condition,
      ...ofFolds.map((query) => ({ ...query, after: markOf(condition, query) })),
    ];
    for (const query of excluded) {
      const [found] = facts.matching(query, query.after, position);
      if (found !== undefined)
        return [
          `append ${append}, position ${position}: excluded ${JSON.stringify(query)}, and there is one at ${found.position}`,
        ];
    }
    return [];
  });
}

/** The position after which a condition excludes what a query matches; 0 when it leaves that out. */
function markOf(condition: readonly Excluded[], { types = [], tags = [] }: EventQuery): number {
  const marks = condition
    .filter(
      (one) =>
        (one.tags ?? []).toSorted().join() === tags.toSorted().join() &&
        types.every((type) => one.types === undefined || one.types.includes(type)),
    )
    .map(({ after }) => after);
  return marks.length === 0 ? 0 : Math.min(...marks);
}

/** Each append complete, at the versions that it expected, and decided on what the log had up to its mark. */
export function judgeAppends(facts: Facts): readonly string[] {
  return [...facts.byAppend].flatMap(([append, events]) => {
    const wrong = [...wholeness(events), ...versions(events), ...sight(facts, events)];
    return wrong.map((text) => `append ${append}: ${text}`);
  });
}

function wholeness(events: readonly Fact[]): readonly string[] {
  const of = events[0]?.basis?.of ?? 1;
  return events.length === of ? [] : [`has ${events.length} of ${of} events in the log`];
}

function versions(events: readonly Fact[]): readonly string[] {
  return Object.entries(events[0]?.basis?.expected ?? {}).flatMap(([streamId, expected]) => {
    const first = events.find((event) => event.streamId === streamId);
    if (first === undefined || first.streamVersion === expected + 1) return [];
    return [`expected version ${expected} of ${streamId}, and has version ${first.streamVersion}`];
  });
}

function sight(facts: Facts, [first]: readonly Fact[]): readonly string[] {
  if (first === undefined) return [];
  const { saw, read } = first.data as { readonly saw?: string; readonly read?: string | null };
  const told = saw ?? read ?? undefined;
  if (told === undefined) return [];
  const right = saw === undefined ? readAgain(facts, first, told) : sawAgain(facts, first);
  return right === told ? [] : [`was decided on ${told}, the log had ${right}`];
}

/** What a read by the same queries has to return, up to the same mark. */
function readAgain(facts: Facts, { basis }: Fact, read: string): string {
  const { queries } = JSON.parse(read) as Read;
  const before = Math.max(0, ...(basis?.condition ?? []).map(({ after }) => after)) + 1;
  const positions = new Set(
    queries.flatMap(({ last, ...query }) => {
      const found = facts.matching(query, 0, before).map(({ position }) => position);
      return last === true ? found.slice(-1) : found;
    }),
  );
  return JSON.stringify({ queries, count: positions.size, last: Math.max(0, ...positions) } satisfies Read);
}

/** What `decide` has to get: folds up to the mark, and aggregates at the version that was expected. */
function sawAgain(facts: Facts, { decision, input, basis }: Fact): string {
  const reads = readsOf({ decision: decision ?? '', input: input ?? '' });
  if (reads === undefined) return 'no such decision';
  const { condition, expected = {} } = basis ?? {};
  let right = () => '';
  const states = statesAlong(facts, reads, ({ position, streamId, streamVersion }, read) =>
    'fold' in read
      ? position <= markOf(condition ?? [], queryOf(read))
      : streamVersion <= (expected[streamId] ?? 0),
  );
  for (const state of states) right = state;
  return right();
}
