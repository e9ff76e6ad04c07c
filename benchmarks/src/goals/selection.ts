import type { Group } from '../run/workload.ts';
import type { Goal } from './goal.ts';

/** The goals and workloads of a run. */
export interface Selection {
  readonly goals: readonly Goal[];
  readonly groups: readonly Group[];
}

/**
 * Selects the goals and workloads whose names, or prefixes that they have beside their names, begin with `only`, and every
 * workload that one of those goals compares.
 *
 * @param only undefined for all
 */
export function select(only: string | undefined, all: Selection): Selection {
  if (only === undefined) return all;
  const goals = all.goals.filter(({ name, also }) =>
    [name, also].some((prefix) => prefix?.startsWith(only) === true),
  );
  const needed = goals.flatMap(({ of, against }) => [
    of,
    typeof against === 'object' ? against.workloads : against,
  ]);
  const isNeeded = (name: string) =>
    name.startsWith(only) ||
    needed.some(
      (figure) => figure !== undefined && (figure.startsWith(`${name}.`) || name.startsWith(figure)),
    );
  const groups = all.groups
    .map((group) => group.filter(({ name }) => isNeeded(name)))
    .filter((group) => group.length > 0);
  return { goals, groups };
}
