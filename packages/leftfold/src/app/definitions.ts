import {
  type AnyAggregate,
  type AnyDecision,
  type AnyEventGroup,
  type AnyProcess,
  type AnyProjection,
  type AnyReaction,
  DuplicateDefinitionError,
  EventCatalog,
} from '@leftfold/core';
import type { AnyRelay, ConsumerDefinition } from '@leftfold/messaging';
import { assertNoAggregateOf, processAggregates } from '@leftfold/processes';

/** Everything that an app is made of. */
export interface Definitions {
  readonly aggregates: readonly AnyAggregate[];
  readonly decisions: readonly AnyDecision[];
  readonly projections: readonly AnyProjection[];
  readonly reactions: readonly AnyReaction[];
  readonly processes: readonly AnyProcess[];
  readonly relays: readonly AnyRelay[];
  readonly consumers: readonly ConsumerDefinition[];
  readonly events: readonly AnyEventGroup[];
}

/** The definitions among an app's options, each of them optional there. */
type GivenDefinitions = { readonly [TKind in keyof Definitions]?: Definitions[TKind] | undefined };

/**
 * Completes and checks the definitions of an app, before a database is looked for.
 *
 * @throws DuplicateDefinitionError when two definitions of one kind have one name
 * @throws InvalidArgumentError when a process has the name of an aggregate
 */
export function definitionsOf(options: GivenDefinitions): Definitions {
  const { aggregates = [], decisions = [], projections = [], reactions = [], relays = [] } = options;
  const { processes = [], consumers = [] } = options;
  assertNoAggregateOf(processes, aggregates);
  const definitions = {
    aggregates,
    decisions,
    projections,
    reactions,
    processes,
    relays,
    consumers,
    events: eventGroupsOf({
      aggregates,
      decisions,
      projections,
      reactions,
      processes,
      relays,
      events: options.events ?? [],
    }),
  };
  assertNamesDistinct('aggregate', aggregates);
  assertNamesDistinct('decision', decisions);
  assertNamesDistinct('projection', projections, ({ name, version }) => `${name}/${version}`);
  // They would have one checkpoint.
  assertNamesDistinct(
    'projection, reaction, relay or process',
    [...projections, ...reactions, ...relays, ...processes],
    ({ name, version }) => `${name}/${version}`,
  );
  new EventCatalog(definitions.events);
  return definitions;
}

/** Every event that a definition of the app knows; a group that several definitions share counts once. */
function eventGroupsOf({
  aggregates,
  decisions,
  projections,
  reactions,
  processes,
  relays,
  events,
}: Omit<Definitions, 'consumers'>): readonly AnyEventGroup[] {
  const ofAggregates = [...aggregates, ...processAggregates(processes)].map((aggregate) => aggregate.events);
  const ofOthers = [...decisions, ...projections, ...reactions, ...processes, ...relays].flatMap(
    (one): readonly AnyEventGroup[] => one.events,
  );
  return [...new Set([...ofAggregates, ...ofOthers, ...events])];
}

/** @param identify what two definitions must not have in common. @default the name */
function assertNamesDistinct<TDefinition extends { readonly name: string }>(
  kind: string,
  definitions: readonly TDefinition[],
  identify = ({ name }: TDefinition) => name,
): void {
  const taken = new Set<string>();
  for (const definition of definitions) {
    const identity = identify(definition);
    if (taken.has(identity)) throw new DuplicateDefinitionError(kind, definition.name);
    taken.add(identity);
  }
}
