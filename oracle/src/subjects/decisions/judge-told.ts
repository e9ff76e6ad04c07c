import type { Facts } from './facts.ts';
import { matches } from './facts.ts';
import { queriesByRole, readsOf, statesAlong } from './reads.ts';
import type { Refusal } from './recording-store.ts';
import { isShared, type ToldAppend, type ToldConflict, type ToldRejection } from './told.ts';

/** How often callers were told what. */
export interface Counts {
  acknowledged: number;
  rejected: number;
  undone: number;
  unknown: number;
  /** Conditions that failed, those of attempts that were repeated included. */
  refused: number;
}

/** Compares what callers were told with the log. @returns what is wrong, by kind */
export function judgeTold(
  facts: Facts,
  lines: readonly (readonly string[])[],
  counts: Counts,
): readonly { readonly kind: string; readonly text: string }[] {
  return lines.flatMap(([kind = '', ...words]) => {
    const text = words.join(' ');
    const told = (kindOfViolation: string, wrong: string | undefined) =>
      wrong === undefined ? [] : [{ kind: kindOfViolation, text: wrong }];
    switch (kind) {
      case 'ack':
        counts.acknowledged += 1;
        return told('append', wrongAppend(facts, JSON.parse(text) as ToldAppend));
      case 'rejected':
        counts.rejected += 1;
        return told('rejection', wrongRejection(facts, JSON.parse(text) as ToldRejection));
      case 'refused':
        counts.refused += 1;
        return told('refusal', wrongRefusal(facts, JSON.parse(text) as Refusal));
      case 'conflict':
        return told('refusal', wrongRoles(facts, JSON.parse(text) as ToldConflict));
      case 'undone':
        counts.undone += 1;
        return told('append', isShared(text) ? undefined : made(facts, text, 'was not made'));
      case 'unknown':
        counts.unknown += 1;
        return [];
      default:
        return told('process', `append ${text}`);
    }
  });
}

function made(facts: Facts, append: string, told: string): string | undefined {
  return facts.byAppend.has(append) ? `append ${append}: ${told}, and is in the log` : undefined;
}

function wrongAppend(facts: Facts, { append, positions }: ToldAppend): string | undefined {
  const found = (facts.byAppend.get(append) ?? []).map(({ position }) => position);
  if (found.join() === positions.join()) return undefined;
  return `append ${append}: acknowledged at [${positions.join()}], in the log at [${found.join()}]`;
}

/** A rejection rests on states that all existed at one moment. */
function wrongRejection(facts: Facts, { append, saw, ...decided }: ToldRejection): string | undefined {
  const reads = readsOf(decided);
  if (reads === undefined) return `append ${append}: there is no decision ${decided.decision}`;
  for (const state of statesAlong(facts, reads))
    if (state() === saw) return made(facts, append, 'was rejected');
  return `append ${append}: was rejected on ${saw}, which the log never had`;
}

/** A condition that failed names an event that it excludes, and all of its queries that match it. */
function wrongRefusal(
  facts: Facts,
  { append, queries, after, matched, position, type, streamId }: Refusal,
): string | undefined {
  const named = `append ${append}: refused because of position ${position}`;
  const event = facts.at(position);
  if (event === undefined) return `${named}, where there is no event`;
  if (event.type !== type || event.streamId !== streamId)
    return `${named} as ${type} of ${streamId}, which is ${event.type} of ${event.streamId}`;
  const right = queries.flatMap((query, index) =>
    position > query.after && matches(query, event) ? [index] : [],
  );
  const mark = Math.min(...right.map((index) => queries[index]!.after));
  if (right.length === 0 || after !== mark || right.join() !== matched.join())
    return `${named} (after ${after}) and queries [${matched.join()}], it matches [${right.join()}] of ${JSON.stringify(queries)}`;
  return undefined;
}

function wrongRoles(facts: Facts, { append, position, roles, ...decided }: ToldConflict): string | undefined {
  const event = facts.at(position);
  const reads = readsOf(decided);
  if (event === undefined || reads === undefined)
    return `append ${append}: conflicts with position ${position}`;
  const counting = queriesByRole(reads).flatMap(([role, query]) => (matches(query, event) ? [role] : []));
  const right = [...new Set(counting)].toSorted().join();
  if (right === [...roles].toSorted().join() && right !== '') return undefined;
  return `append ${append}: refused by roles [${roles.join()}], position ${position} counts in [${right}]`;
}
