import {
  type AnyAggregate,
  type AnyCommand,
  type AnyDecision,
  assertId,
  type Command,
  type CommandInput,
  type DecisionCommand,
  type DecideContext,
  type ExpectedVersion,
  InvalidArgumentError,
  InvalidCommandError,
  type NewEvent,
  Rejection,
} from '@leftfold/core';
import { assertExpectedVersion } from '@leftfold/core/append';
import { assertObject, assertOptions, parseCommandInput } from '@leftfold/core/input';
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

/** New events for each target, in the order of the targets, or a rejection. */
export type DecidedEvents = readonly (readonly NewEvent[])[] | Rejection;

/** A validated command. `decide` is called again after each version conflict. */
export interface Plan {
  /** `<aggregate>.<command>`, or the decision's name. */
  readonly name: string;
  readonly targets: readonly Target[];
  /** The input as it was given, and as its schema parsed it. */
  readonly inputs: readonly [given: unknown, parsed: unknown];
  readonly schema: CommandInput | undefined;
  /** Pure. @param states of the targets, in their order */
  decide(states: readonly unknown[], context: DecideContext): DecidedEvents;
}

/** Expected versions: one for a command, or one for each role of a decision. */
export type AnyExpectedVersion =
  | ExpectedVersion
  | Readonly<Record<string, ExpectedVersion | undefined>>
  | undefined;

/**
 * The name under which a command is recorded. The command need not be defined.
 *
 * @throws InvalidNameError when a name is not a text, or longer than an id
 * @throws InvalidArgumentError when it is no object
 */
export function commandNameOf(command: AnyCommand): string {
  assertObject('a command', 'command', command);
  if ('decision' in command) {
    assertId('decision', command.decision);
    return command.decision;
  }
  assertId('aggregate', command.aggregate);
  assertId('command', command.name);
  return `${command.aggregate}.${command.name}`;
}

/**
 * @throws UnknownCommandError when no definition declares this command
 * @throws InvalidCommandError when its input does not match its schema, or when one aggregate is given two roles
 * @throws InvalidNameError when an id is empty, too long or has control characters
 */
export function planOf(command: AnyCommand, registry: Registry, expected: AnyExpectedVersion): Plan {
  return 'decision' in command
    ? planOfDecision(command, registry.decision(command.decision), expected)
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
    inputs: [command.input, input],
    schema,
    decide([state], context) {
      const decided = aggregate.decide(commandName, state, input, { ...context, id });
      return decided instanceof Rejection ? decided : [toList(decided)];
    },
  };
}

function planOfDecision(command: DecisionCommand, decision: AnyDecision, expected: AnyExpectedVersion): Plan {
  const { ids } = command;
  const { name } = decision;
  const input = parseCommandInput(name, decision.input, command.input);
  const targets = Object.entries(decision.aggregates).map(([role, aggregate]): Target => {
    const streamId = aggregate.streamId(ids[role] ?? '');
    return { role, aggregate, streamId, expectedVersion: expectedOf(expected, role) };
  });
  assertDistinct(name, targets);
  const roleNames = Object.fromEntries(targets.map(({ role }) => [role, true] as const));
  assertOptions('expectedVersion', expected, roleNames);
  const roles = targets.map(({ role }) => role);
  return {
    name,
    targets,
    inputs: [command.input, input],
    schema: decision.input,
    decide(states, context) {
      const stateByRole = Object.fromEntries(roles.map((role, index) => [role, states[index]]));
      const decided = decision.decide(stateByRole, input, { ...context, ids });
      if (decided instanceof Rejection) return decided;
      return roles.map((role) => decided[role] ?? []);
    },
  };
}

/** An aggregate in two roles would be decided on twice from the same state, and the second set of events would be wrong. */
function assertDistinct(name: string, targets: readonly Target[]): void {
  const roleByStream = new Map<string, string>();
  for (const { role, streamId } of targets) {
    const other = roleByStream.get(streamId);
    if (other !== undefined) {
      throw new InvalidCommandError(name, [
        {
          path: 'ids',
          code: 'same_aggregate',
          message: `roles "${other}" and "${role}" are the same aggregate, "${streamId}"; give each role another one`,
        },
      ]);
    }
    roleByStream.set(streamId, role);
  }
}

function expectedOf(expected: AnyExpectedVersion, role?: string): ExpectedVersion {
  if (expected === undefined) return 'any';
  const byRole = typeof expected === 'object' && expected !== null ? expected : undefined;
  if ((byRole === undefined) !== (role === undefined)) {
    const taken = 'a version for a command, and versions by role for a decision';
    throw InvalidArgumentError.not(taken, 'expectedVersion', expected);
  }
  const own = byRole === undefined || role === undefined ? expected : (byRole[role] ?? 'any');
  assertExpectedVersion(own);
  return own;
}

function toList(decided: NewEvent | readonly NewEvent[]): readonly NewEvent[] {
  return 'type' in decided ? [decided] : decided;
}
