import {
  type AnyDecision,
  assertId,
  type CommandReason,
  type DecisionCommand,
  EventCatalog,
  InvalidArgumentError,
  type NewEvent,
  type ReadsByRole,
  Rejection,
  type RoleRead,
  type StatesOf,
  UnknownCommandError,
} from '@leftfold/core';
import { assertObject, isAggregateRead, isFoldRead, parseCommandInput } from '@leftfold/core/input';
import { type GivenOptions, toDecisionContext } from './decision-context.ts';
import { type GivenEvent, type PlacedEvent, toPlaced } from './given-events.ts';
import { readFrom, stateOf } from './history.ts';
import { type Outcome, toOutcome } from './outcome.ts';
import { toPlainEvent } from './plain-event.ts';

type CommandOfDecision<TDecision> = TDecision extends { command(...input: never): infer TCommand }
  ? TCommand
  : never;

type StatesOfDecision<TDecision extends AnyDecision> = StatesOf<ReturnType<TDecision['reads']>>;

/** A decision with a history. */
export interface GivenDecision<TDecision extends AnyDecision> {
  /**
   * Reads what the command's input asks for from the history, and calls `decide`, without a store.
   *
   * `then` compares the stream of an event that is given with one: `then([inStream('account-a', withdrawn)])`.
   *
   * @throws InvalidCommandError when the input does not match the schema, or two roles have the same aggregate
   * @throws UnknownCommandError when the command belongs to another decision
   * @throws InvalidArgumentError when an event of the history could belong to several aggregates
   */
  when(
    command: CommandOfDecision<TDecision>,
  ): Outcome<
    readonly NewEvent[],
    CommandReason<CommandOfDecision<TDecision>>,
    StatesOfDecision<TDecision>,
    readonly GivenEvent[]
  >;
}

/** The command id of a decision in a test: an event without tags is stored in a stream that is named by it. */
const COMMAND_ID = 'command-1';

export function givenDecision<TDecision extends AnyDecision>(
  decision: TDecision,
  given: readonly GivenEvent[],
  options: GivenOptions,
): GivenDecision<TDecision> {
  type Command = CommandOfDecision<TDecision>;
  type States = StatesOfDecision<TDecision>;
  const history = toPlaced(given);
  return {
    when(command) {
      // Every command of a decision has this shape; the conditional type hides it.
      assertObject('a command', 'command', command, ['decision', 'input']);
      const { decision: name, input } = command as DecisionCommand;
      assertId('decision', name);
      if (name !== decision.name) throw new UnknownCommandError(name, [decision.name]);
      const parsed = parseCommandInput(name, decision.input, input);
      const reads = decision.reads(parsed);
      const statesAfter = (events: readonly PlacedEvent[]) => statesOf(decision, reads, events) as States;
      const before = statesAfter(history);
      const decided = decision.decide(
        { reads, states: before, input: parsed, commandId: COMMAND_ID },
        toDecisionContext(options),
      );
      if (decided instanceof Rejection) {
        const rejection = decided as Rejection<CommandReason<Command>>;
        return toOutcome(name, { events: [], rejection, state: before }, placed([]));
      }
      return toOutcome(
        name,
        {
          events: decided.map(({ event }) => event),
          rejection: undefined,
          state: statesAfter([...history, ...decided]),
        },
        placed(decided),
      );
    },
  };
}

/** Compares events, with the stream of each for which the test gives one. */
function placed(actual: readonly PlacedEvent[]) {
  return (given: readonly GivenEvent[]) => {
    const expected = toPlaced(given);
    return {
      actual: actual.map(({ event, streamId }, index) =>
        plain({
          event,
          ...(expected[index]?.streamId !== undefined && streamId !== undefined && { streamId }),
        }),
      ),
      expected: expected.map(plain),
    };
  };
}

function plain({ event, streamId }: PlacedEvent): unknown {
  return { ...toPlainEvent(event), ...(streamId !== undefined && { streamId }) };
}

/** @throws UnknownEventError, InvalidEventError when an event is none of the decision, or its data does not match its schema */
function statesOf(
  decision: AnyDecision,
  reads: ReadsByRole,
  history: readonly PlacedEvent[],
): Readonly<Record<string, unknown>> {
  const streams = streamsByCategory(reads);
  const groups = [...decision.events, ...Object.values(reads).flatMap(groupsOf)];
  const catalog = new EventCatalog([...new Set(groups)], `decision "${decision.name}"`);
  const log = history.map(({ event, streamId = streamByCategory(streams, event) }) => ({
    event,
    streamId,
    read: readFrom(catalog, event),
    tags: new Set([...tagsOf(catalog, event), ...(event.tags ?? [])]),
  }));
  const stateOfRead = (read: RoleRead): unknown => {
    if (isAggregateRead(read)) {
      const { aggregate, id } = read;
      const own = aggregate.streamId(id);
      return stateOf(
        aggregate,
        log.filter(({ streamId }) => streamId === own).map(({ event }) => event),
      );
    }
    if (!isFoldRead(read)) return read.map(stateOfRead);
    const { fold, tags, values } = read;
    const counting = log
      .filter((event) => tags.every((tag) => event.tags.has(tag)))
      .flatMap((event) => event.read)
      .filter(({ type }) => fold.types.includes(type));
    return (fold.last ? counting.slice(-1) : counting).reduce(
      (state, event) => fold.evolve(state, event, values),
      fold.initialState,
    );
  };
  return Object.fromEntries(Object.entries(reads).map(([role, read]) => [role, stateOfRead(read)]));
}

function groupsOf(read: RoleRead): AnyDecision['events'] {
  if (isAggregateRead(read)) return [read.aggregate.events];
  return isFoldRead(read) ? read.fold.events : read.flatMap(groupsOf);
}

function tagsOf(catalog: EventCatalog, event: NewEvent): readonly string[] {
  // Events of other versions and of retired types have the tags that they were stored with.
  if (event.schemaVersion !== catalog.writtenVersionOf(event.type)) return [];
  return catalog.tagsOf(event, catalog.payloadOf(event));
}

/** The streams of the aggregates, by category. */
function streamsByCategory(reads: ReadsByRole): ReadonlyMap<string, readonly string[]> {
  const streams = new Map<string, string[]>();
  for (const read of Object.values(reads))
    if (isAggregateRead(read)) {
      const { category } = read.aggregate.events;
      streams.set(category, [...(streams.get(category) ?? []), read.aggregate.streamId(read.id)]);
    }
  return streams;
}

/** That of the only aggregate which the event can belong to. */
function streamByCategory(
  streams: ReadonlyMap<string, readonly string[]>,
  event: NewEvent,
): string | undefined {
  const [stream, ...others] = streams.get(categoryIn(event)) ?? [];
  if (others.length === 0) return stream;
  throw new InvalidArgumentError(
    'history',
    `has event "${event.type}" without a stream, and several aggregates that it could belong to; give it one: inStream('${stream}', event)`,
  );
}

function categoryIn({ type }: NewEvent): string {
  return type.slice(0, type.indexOf('.'));
}
