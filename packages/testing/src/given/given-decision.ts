import {
  type AnyDecision,
  type DecisionCommand,
  assertId,
  InvalidArgumentError,
  InvalidCommandError,
  type NewEvent,
  Rejection,
  type StateOf,
  UnknownCommandError,
} from '@leftfold/core';
import { type GivenOptions, toDecisionContext } from './decision-context.ts';
import type { HistoryEventOf, NewEventOfAggregate } from './given-aggregate.ts';
import { stateAfter, stateOf } from './history.ts';
import { type Outcome, toOutcome } from './outcome.ts';
import { assertObject, parseCommandInput } from '@leftfold/core/input';

/** Events by role of a decision. */
export type EventsByRole<TDecision extends AnyDecision> = {
  readonly [TRole in keyof TDecision['aggregates']]?: readonly NewEventOfAggregate<
    TDecision['aggregates'][TRole]
  >[];
};

/** Histories by role of a decision. */
export type HistoriesByRole<TDecision extends AnyDecision> = {
  readonly [TRole in keyof TDecision['aggregates']]?: readonly HistoryEventOf<
    TDecision['aggregates'][TRole]
  >[];
};

/** States by role of a decision. */
export type StatesByRole<TDecision extends AnyDecision> = {
  readonly [TRole in keyof TDecision['aggregates']]: StateOf<TDecision['aggregates'][TRole]>;
};

type CommandOfDecision<TDecision> = TDecision extends { command(...input: never): infer TCommand }
  ? TCommand
  : never;

type ReasonOfDecision<TDecision> =
  CommandOfDecision<TDecision> extends DecisionCommand<
    string,
    Readonly<Record<string, string>>,
    unknown,
    NewEvent,
    infer TReason
  >
    ? TReason
    : string;

/** Aggregates with a history, by role. */
export interface GivenDecision<TDecision extends AnyDecision> {
  readonly states: StatesByRole<TDecision>;
  /**
   * Calls `decide`, without a store.
   *
   * @throws InvalidCommandError when the input does not match the schema, or two roles have the same aggregate
   * @throws UnknownCommandError when the command belongs to another decision
   * @throws InvalidNameError when an id is invalid
   */
  when(
    command: CommandOfDecision<TDecision>,
  ): Outcome<EventsByRole<TDecision>, ReasonOfDecision<TDecision>, StatesByRole<TDecision>>;
}

export function givenDecision<TDecision extends AnyDecision>(
  decision: TDecision,
  histories: Readonly<Record<string, readonly NewEvent[] | undefined>>,
  options: GivenOptions,
): GivenDecision<TDecision> {
  type States = StatesByRole<TDecision>;
  const roles = Object.entries(decision.aggregates);
  for (const role of Object.keys(histories)) {
    if (!Object.hasOwn(decision.aggregates, role))
      throw new InvalidArgumentError(
        'history',
        `names "${role}", and decision "${decision.name}" has no such role`,
      );
  }
  const states = Object.fromEntries(
    roles.map(([role, aggregate]) => [role, stateOf(aggregate, histories[role] ?? [])]),
  );
  return {
    states: states as States,
    when(command) {
      // Every command of a decision has this shape; the conditional type hides it.
      assertObject('a command', 'command', command);
      const { decision: name, ids, input } = command as DecisionCommand;
      assertId('decision', name);
      if (name !== decision.name) throw new UnknownCommandError(name, [decision.name]);
      assertObject('an object with an id for each role', 'ids', ids);
      assertDistinct(decision, ids);
      const context = { ...toDecisionContext(options), ids };
      const decided = decision.decide(states, parseCommandInput(name, decision.input, input), context);
      if (decided instanceof Rejection) {
        const rejection = decided as Rejection<ReasonOfDecision<TDecision>>;
        return toOutcome(name, { events: {}, rejection, state: states as States });
      }
      const next = Object.fromEntries(
        roles.map(([role, aggregate]) => [role, stateAfter(aggregate, decided[role] ?? [], states[role])]),
      );
      const events = decided as EventsByRole<TDecision>;
      return toOutcome(name, { events, rejection: undefined, state: next as States });
    },
  };
}

function assertDistinct({ name, aggregates }: AnyDecision, ids: Readonly<Record<string, string>>): void {
  const roleByStream = new Map<string, string>();
  for (const [role, aggregate] of Object.entries(aggregates)) {
    const streamId = aggregate.streamId(ids[role] ?? '');
    const other = roleByStream.get(streamId);
    if (other !== undefined) {
      const message = `roles "${other}" and "${role}" are the same aggregate, "${streamId}"; give each role another one`;
      throw new InvalidCommandError(name, [{ path: 'ids', code: 'same_aggregate', message }]);
    }
    roleByStream.set(streamId, role);
  }
}
