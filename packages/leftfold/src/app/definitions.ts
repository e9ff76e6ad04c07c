import {
  type AnyAggregate,
  type AnyDecision,
  type AnyEventGroup,
  type AnyProjection,
  DuplicateDefinitionError,
  EventCatalog,
} from '@leftfold/core';

/** Everything an app is made of. */
export interface Definitions {
  readonly aggregates: readonly AnyAggregate[];
  readonly decisions: readonly AnyDecision[];
  readonly projections: readonly AnyProjection[];
  readonly events: readonly AnyEventGroup[];
}

/** Every event that anything in the app knows; a group that several of them share counts once. */
export function eventGroupsOf({
  aggregates,
  decisions,
  projections,
  events,
}: Definitions): readonly AnyEventGroup[] {
  const playing = decisions.flatMap((decision) => Object.values(decision.aggregates));
  const ofAggregates = [...aggregates, ...playing].map((aggregate) => aggregate.events);
  return [
    ...new Set([...ofAggregates, ...projections.flatMap((projection) => projection.events), ...events]),
  ];
}

/**
 * Looked at before any database is: a mistake in the definitions is found at once.
 *
 * @throws DuplicateDefinitionError when two definitions of one kind have one name
 */
export function assertDistinct({ aggregates, decisions, projections, events }: Definitions): void {
  assertNamesDistinct('aggregate', aggregates);
  assertNamesDistinct('decision', decisions);
  assertNamesDistinct('projection', projections);
  new EventCatalog(events);
}

function assertNamesDistinct(kind: string, definitions: readonly { readonly name: string }[]): void {
  const names = new Set<string>();
  for (const { name } of definitions) {
    if (names.has(name)) throw new DuplicateDefinitionError(kind, name);
    names.add(name);
  }
}
