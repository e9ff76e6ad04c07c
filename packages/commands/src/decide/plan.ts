import {
  type AnyAggregate,
  type AnyCommand,
  type Command,
  type CommandInput,
  type DecisionCommand,
  type DecideContext,
  type ExpectedVersion,
  InvalidArgumentError,
  type NewEvent,
  type ReadsByRole,
  Rejection,
} from '@leftfold/core';
import { assertExpectedVersion } from '@leftfold/core/append';
import {
  assertOptions,
  commandNameOf,
  isAggregateRead,
  isFoldRead,
  ownInput,
  parseCommandInput,
  reading,
} from '@leftfold/core/input';
import type { FoldTarget } from '../load/fold-target.ts';
import type { Registry } from './registry.ts';

/** An aggregate that a command is about. */
export interface Target {
  /** Its role in a decision over several aggregates; empty for a command to one aggregate. */
  readonly role: string;
  readonly aggregate: AnyAggregate;
  readonly streamId: string;
  /** The version that the caller expects. */
  readonly expectedVersion: ExpectedVersion;
}

/** The new events of one stream. */
export interface EventsOfStream {
  readonly streamId: string;
  readonly events: readonly NewEvent[];
}

/** New events of the targets and of other streams, or a rejection. */
export type DecidedEvents = readonly EventsOfStream[] | Rejection;

/** The states of the targets and of the folds, each in the order of the plan. */
export interface States {
  readonly ofTargets: readonly unknown[];
  readonly ofFolds: readonly unknown[];
}

/** What `decide` gets beside the states. */
export interface PlanContext extends DecideContext {
  readonly commandId: string;
}

/** A validated command. `decide` is called again after each version conflict. */
export interface Plan {
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly name: string;
  readonly targets: readonly Target[];
  readonly folds: readonly FoldTarget[];
  /** True for a decision that may also write to other streams than those of its targets. */
  readonly writesElsewhere: boolean;
  /** The input as it was given, and as its schema parsed it. */
  readonly inputs: readonly [given: unknown, parsed: unknown];
  readonly schema: CommandInput | undefined;
  /** Pure. */
  decide(states: States, context: PlanContext): DecidedEvents;
}

/** Expected versions: one for a command, or one for each role of a decision. */
export type AnyExpectedVersion =
  | ExpectedVersion
  | Readonly<Record<string, ExpectedVersion | undefined>>
  | undefined;

/**
 * @throws UnknownCommandError when no definition declares this command
 * @throws InvalidCommandError when its input does not match its schema, or when one aggregate has two roles
 * @throws InvalidDefinitionError when a decision reads what it cannot, InvalidArgumentError when it reads an aggregate that is
 * not registered
 * @throws InvalidNameError when an id is empty, too long or has control characters
 */
export function planOf(command: AnyCommand, registry: Registry, expected: AnyExpectedVersion): Plan {
  return 'decision' in command
    ? planOfDecision(command, registry, expected)
    : planOfCommand(command, registry.aggregateOf(command.aggregate, command.name), expected);
}

function planOfCommand(command: Command, aggregate: AnyAggregate, expected: AnyExpectedVersion): Plan {
  const { id, name: commandName } = command;
  const name = commandNameOf(command);
  const schema = aggregate.inputOf(commandName);
  const input = schema === undefined ? command.input : parseCommandInput(name, schema, command.input);
  const target = {
    role: '',
    aggregate,
    streamId: aggregate.streamId(id),
    expectedVersion: expectedOf(expected),
  };
  return {
    name,
    targets: [target],
    folds: [],
    writesElsewhere: false,
    inputs: [command.input, input],
    schema,
    decide({ ofTargets: [state] }, { now, newId, metadata }) {
      const decided = aggregate.decide(commandName, state, ownInput(name, 'input', input), {
        now,
        newId,
        metadata,
        id,
      });
      return decided instanceof Rejection
        ? decided
        : [{ streamId: target.streamId, events: toList(decided) }];
    },
  };
}

function planOfDecision(command: DecisionCommand, registry: Registry, expected: AnyExpectedVersion): Plan {
  const decision = registry.decision(command.decision);
  const { name } = decision;
  const input = parseCommandInput(name, decision.input, command.input);
  const reads = decision.reads(ownInput(name, 'input', input));
  const targets = targetsOf(name, reads, registry, expected);
  const roleNames = Object.fromEntries(targets.map(({ role }) => [role, true] as const));
  assertOptions('expectedVersion', expected, roleNames);
  const folds = foldsOf(reads);
  return {
    name,
    targets,
    folds,
    writesElsewhere: decision.events.length > 0,
    inputs: [command.input, input],
    schema: decision.input,
    decide({ ofTargets, ofFolds }, { commandId, ...context }) {
      const states = statesByRole(reads, [...ofTargets], [...ofFolds]);
      const given = { reads, states, input: ownInput(name, 'input', input), commandId };
      const decided = decision.decide(given, context);
      if (decided instanceof Rejection) return decided;
      const byStream = new Map<string, NewEvent[]>();
      for (const { event, streamId, named } of decided) {
        if (!named) registry.assertOfNoAggregate(name, event);
        const events = byStream.get(streamId) ?? [];
        byStream.set(streamId, events);
        events.push(event);
      }
      return [...byStream].map(([streamId, events]) => ({ streamId, events }));
    },
  };
}

function targetsOf(
  decision: string,
  reads: ReadsByRole,
  registry: Registry,
  expected: AnyExpectedVersion,
): readonly Target[] {
  return Object.entries(reads).flatMap(([role, read]) => {
    if (!isAggregateRead(read)) return [];
    const { aggregate, id } = read;
    registry.assertReadable(decision, aggregate);
    return [
      { role, aggregate, streamId: aggregate.streamId(id), expectedVersion: expectedOf(expected, role) },
    ];
  });
}

function foldsOf(reads: ReadsByRole): readonly FoldTarget[] {
  return Object.entries(reads).flatMap(([role, read]) =>
    (Array.isArray(read) ? read : [read]).filter(isFoldRead).map((fold) => ({ role, ...fold })),
  );
}

/** Takes the states from the lists, which have them in the order of the reads. */
function statesByRole(
  reads: ReadsByRole,
  ofTargets: unknown[],
  ofFolds: unknown[],
): Readonly<Record<string, unknown>> {
  const states = Object.entries(reads).map(([role, read]) => {
    if (isAggregateRead(read)) return [role, ofTargets.shift()] as const;
    if (isFoldRead(read)) return [role, ofFolds.shift()] as const;
    return [role, ofFolds.splice(0, read.length)] as const;
  });
  return Object.fromEntries(states);
}

function expectedOf(expected: AnyExpectedVersion, role?: string): ExpectedVersion {
  if (expected === undefined) return 'any';
  const byRole = typeof expected === 'object' && expected !== null ? expected : undefined;
  if ((byRole === undefined) !== (role === undefined)) {
    const taken = 'a version for a command, and versions by role for a decision';
    throw InvalidArgumentError.not(taken, 'expectedVersion', expected);
  }
  const own =
    byRole === undefined || role === undefined
      ? expected
      : reading('expectedVersion', () => byRole[role] ?? 'any');
  assertExpectedVersion(own);
  return own;
}

function toList(decided: NewEvent | readonly NewEvent[]): readonly NewEvent[] {
  return 'type' in decided ? [decided] : decided;
}
