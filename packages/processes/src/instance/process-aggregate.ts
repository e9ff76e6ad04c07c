import {
  type AnyAggregate,
  type AnyProcess,
  type CommandInput,
  type DecideContext,
  InvalidCommandError,
  type NewEvent,
  type RecordedInput,
  type Rejection,
  streamIdOf,
  UnknownCommandError,
} from '@leftfold/core';
import { assertEach, parseWith } from '@leftfold/core/input';
import { z } from 'zod';
import { foldInstance } from './fold-instance.ts';
import { type InstanceState, noInstance } from './instance-state.ts';
import {
  abandonInstance,
  cancelInstance,
  type ForkedInstance,
  forkInstance,
  moveInstance,
  type Operated,
  type Operation,
  pauseInstance,
  resumeInstance,
  retryInstance,
} from './operate.ts';
import { assertProcess, type ProcessVersions, versionsOf } from './process-versions.ts';
import { takeInput, type Taking } from './take-input.ts';

const message = z.object({ type: z.string(), data: z.unknown() });
const recorded = z.looseObject({ type: z.string(), id: z.string() });
const operation = z.object({ reason: z.string().min(1) });
const fork = operation.extend({
  from: z.object({
    id: z.string(),
    atVersion: z.int(),
    version: z.int(),
    state: z.unknown(),
    outputs: z.array(z.looseObject({ kind: z.string() })),
  }),
});

const inputs = {
  receive: message,
  record: recorded,
  continue: z.object({}),
  pause: operation,
  resume: operation,
  cancel: operation,
  retry: operation,
  abandon: operation,
  move: operation,
  fork,
} as const satisfies Readonly<Record<string, CommandInput>>;

/** The commands to an instance. `receive` is for messages; the others are the framework's. */
export type InstanceCommandName = keyof typeof inputs;

const operations: Readonly<Record<string, (operation: Operation) => Operated>> = {
  pause: pauseInstance,
  resume: resumeInstance,
  cancel: cancelInstance,
  retry: retryInstance,
  abandon: abandonInstance,
  move: moveInstance,
};

/**
 * The aggregate whose streams are the instances of a process: a command executor and a store need those of all processes. Its
 * command is `receive`, for messages.
 *
 * @param processes may have several versions of one process
 * @throws DuplicateDefinitionError when two have the same name and version; InvalidArgumentError when one is none
 *
 * @example
 * const aggregates = [account, ...processAggregates([transfer])];
 * const store = createEventStore({ connectionString, events: aggregates.map(({ events }) => events) });
 * const executor = createCommandExecutor({ store, aggregates });
 */
export function processAggregates(processes: readonly AnyProcess[]): readonly AnyAggregate[] {
  assertEach('processes', processes, assertProcess);
  return versionsOf(processes).map((versions) => {
    const takesMessages = versions.all.some(({ messages }) => Object.keys(messages).length > 0);
    return processAggregate(versions, takesMessages ? ['receive'] : []);
  });
}

/**
 * The same with all that the framework does to instances: for its own executor, and for no other, since these commands can give
 * a process any input and any output.
 *
 * @throws like {@link processAggregates}
 */
export function instanceAggregates(processes: readonly AnyProcess[]): readonly AnyAggregate[] {
  assertEach('processes', processes, assertProcess);
  return versionsOf(processes).map((versions) => processAggregate(versions, Object.keys(inputs)));
}

/** The aggregate of one process. */
function processAggregate(versions: ProcessVersions, commandNames: readonly string[]): AnyAggregate {
  const { name, events } = versions;
  return {
    name,
    events,
    initialState: noInstance,
    stateVersion: 1,
    snapshots: undefined,
    commandNames,
    streamId: (id) => streamIdOf(name, id),
    inputOf: (command) =>
      commandNames.includes(command) ? inputs[command as InstanceCommandName] : undefined,
    decide(command, state, input, context) {
      // Sound: the input was parsed by the schema of the command.
      const instance = state as InstanceState;
      const taking = { versions, id: context.id, instance };
      if (command === 'record') return takeInput(taking, input as RecordedInput);
      if (command === 'continue') return [events.create['continued']!({} as never)];
      if (command === 'receive') return receive(taking, input as z.output<typeof message>, context);
      const { reason, from } = input as { readonly reason: string; readonly from?: ForkedInstance };
      const given = { ...taking, reason, commandId: commandIdOf(context) };
      if (command === 'fork') return forkInstance(given, from!);
      const operate = Object.hasOwn(operations, command) ? operations[command] : undefined;
      if (operate === undefined) throw new UnknownCommandError(`${name}.${command}`, commandNames);
      return operate(given);
    },
    evolve: (state, { type, data }) =>
      foldInstance(versions, state as InstanceState, type.slice(name.length + 1), data),
  };
}

/** @throws InvalidCommandError when the process has no such message, or its data does not match the schema */
function receive(
  taking: Taking,
  { type, data }: z.output<typeof message>,
  context: DecideContext,
): readonly NewEvent[] | Rejection {
  const { versions, instance } = taking;
  const { messages } = instance.status === 'unknown' ? versions.newest : versions.of(instance.version);
  const schema = Object.hasOwn(messages, type) ? messages[type] : undefined;
  const command = `${versions.name}.receive`;
  if (schema === undefined) {
    const taken = Object.keys(messages).join(', ') || 'none';
    const issue = {
      path: 'type',
      code: 'unknown_message',
      message: `is none of the messages of the process: ${taken}`,
    };
    throw new InvalidCommandError(command, [issue]);
  }
  const parsed = parseWith('data', schema, data);
  if (!parsed.success)
    throw new InvalidCommandError(
      command,
      parsed.issues.map((issue) => ({ ...issue, path: issue.path === '' ? 'data' : `data.${issue.path}` })),
    );
  return takeInput(taking, { type, id: commandIdOf(context), data: parsed.data });
}

/** Given by the executor, and in tests of `decide` perhaps not. */
function commandIdOf({ metadata }: DecideContext): string {
  return metadata.commandId ?? '';
}
