import {
  type AnyAggregate,
  assertId,
  type Command,
  type CommandOf,
  type CommandReason,
  type DecideResult,
  type EmittedEventOf,
  type NewEvent,
  type NewEventOf,
  Rejection,
  type RetiredEvent,
  type StateOf,
  UnknownCommandError,
} from '@leftfold/core';
import { assertSame } from './assert-same.ts';
import { type GivenOptions, toDecisionContext } from './decision-context.ts';
import { stateAfter, stateOf } from './history.ts';
import { type Outcome, type ThenState, toOutcome } from './outcome.ts';
import { toPlainEvent } from './plain-event.ts';
import { assertObject, parseCommandInput } from '@leftfold/core/input';

/** Any event of an aggregate, before it is appended. */
export type NewEventOfAggregate<TAggregate extends AnyAggregate> = NewEventOf<TAggregate['events']>;

/** Any event of an aggregate's history: as it is written, in the newest version that is read, or of a retired type. */
export type HistoryEventOf<TAggregate extends AnyAggregate> =
  | RetiredEvent
  | NewEventOf<TAggregate['events']>
  | EmittedEventOf<TAggregate['events']>;

/** An aggregate with a history. */
export interface GivenAggregate<TAggregate extends AnyAggregate> extends ThenState<StateOf<TAggregate>> {
  readonly state: StateOf<TAggregate>;
  /**
   * Calls the command's `decide`, without a store.
   *
   * @throws InvalidCommandError when the input does not match the command's schema
   * @throws UnknownCommandError when the aggregate has no such command
   * @throws InvalidNameError when the id is invalid
   */
  when(
    command: CommandOf<TAggregate>,
  ): Outcome<
    readonly NewEventOfAggregate<TAggregate>[],
    CommandReason<CommandOf<TAggregate>>,
    StateOf<TAggregate>
  >;
}

export function givenAggregate<TAggregate extends AnyAggregate>(
  aggregate: TAggregate,
  history: readonly NewEvent[],
  options: GivenOptions,
): GivenAggregate<TAggregate> {
  type State = StateOf<TAggregate>;
  type Reason = CommandReason<CommandOf<TAggregate>>;
  const state = stateOf(aggregate, history) as State;
  function thenState(expected: State): void {
    assertSame(state, expected, `the state of "${aggregate.name}" is another one`, thenState);
  }
  return {
    state,
    thenState,
    when(command) {
      // Every command of an aggregate has this shape; the conditional type hides it.
      assertObject('a command', 'command', command, ['aggregate', 'id', 'name', 'input']);
      const { aggregate: owner, id, name, input } = command as Command;
      assertId('aggregate', owner);
      assertId('command', name);
      const fullName = `${owner}.${name}`;
      const schema = owner === aggregate.name ? aggregate.inputOf(name) : undefined;
      if (schema === undefined) {
        throw new UnknownCommandError(
          fullName,
          aggregate.commandNames.map((known) => `${aggregate.name}.${known}`),
        );
      }
      aggregate.streamId(id);
      const context = { ...toDecisionContext(options), id };
      const decided = aggregate.decide(name, state, parseCommandInput(fullName, schema, input), context);
      if (decided instanceof Rejection) {
        return toOutcome(fullName, { events: [], rejection: decided as Rejection<Reason>, state }, plain([]));
      }
      const events = toList(decided) as readonly NewEventOfAggregate<TAggregate>[];
      const next = stateAfter(aggregate, events, state) as State;
      return toOutcome(fullName, { events, rejection: undefined, state: next }, plain(events));
    },
  };
}

/** Compares events. */
function plain(actual: readonly NewEvent[]) {
  return (expected: readonly NewEvent[]) => ({
    actual: actual.map(toPlainEvent),
    expected: expected.map(toPlainEvent),
  });
}

function toList(decided: Exclude<DecideResult<NewEvent, string>, Rejection>): readonly NewEvent[] {
  return 'type' in decided ? [decided] : decided;
}
