import type { AnyResult } from '@leftfold/commands';
import type { AnyCommand, ExecuteOutput, ProcessOutput, RecordedEvent } from '@leftfold/core';
import { aggregateIdOf, LeftfoldError } from '@leftfold/core';
import { commandNameOf } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { ProcessVersions } from '../instance/process-versions.ts';
import { commandIdOf } from './command-ids.ts';
import { inheritedMetadata } from './inherited-metadata.ts';
import type { ExecuteProcessCommand, ProcessExecuteOptions } from './execute-command.ts';
import { type InputFor, isReused, recordInput } from './record-input.ts';

/** The commands of an event in the stream of an instance, with their places among its outputs. */
export function commandsOf(
  name: string,
  { type, data }: RecordedEvent,
): readonly { readonly index: number; readonly output: ExecuteOutput }[] {
  return outputsIn(type.slice(name.length + 1), data).flatMap((output, index) =>
    output.kind === 'execute' ? [{ index, output }] : [],
  );
}

/** All outputs that an event of the framework has recorded. */
export function outputsIn(name: string, data: unknown): readonly ProcessOutput[] {
  // Sound: the data is that of the event.
  const { outputs = [], handled = [] } = data as {
    readonly outputs?: readonly ProcessOutput[];
    readonly handled?: readonly { readonly outputs: readonly ProcessOutput[] }[];
  };
  switch (name) {
    case 'received':
    case 'retried':
    case 'forked':
      return outputs;
    case 'resumed':
      return handled.flatMap((one) => one.outputs);
    default:
      return [];
  }
}

/** The id of the answer to a command: whichever comes first, it is recorded once. */
export function answerIdOf(name: string, { streamId, streamVersion }: RecordedEvent, index: number): string {
  return commandIdOf({
    process: name,
    id: aggregateIdOf(streamId),
    of: ['input', ...answerOf(streamVersion, index)],
  });
}

const answerOf = (streamVersion: number, index: number) => ['answer', streamVersion, index] as const;

/** What dispatching an event needs. */
export interface Dispatch {
  readonly store: PostgresEventStore;
  readonly versions: ProcessVersions;
  readonly execute: ExecuteProcessCommand;
  /** For what the framework does to instances. */
  readonly executeOnInstance: ExecuteProcessCommand;
  readonly signal: AbortSignal;
  /** Whether the answer to a command is recorded: the command is not executed again then. */
  readonly isAnswered: (answerId: string) => boolean;
  /** Whether this process may still work on the instance. */
  readonly mayProcess: () => Promise<boolean>;
}

/**
 * Executes the commands that an event of an instance has recorded, in order, each once, and records their answers.
 *
 * @throws what `execute` throws; an Error when another process works on the instance by now
 */
export async function dispatchOutputs(event: RecordedEvent, dispatch: Dispatch): Promise<void> {
  const { name } = dispatch.versions;
  for (const { index, output } of commandsOf(name, event)) {
    if (dispatch.isAnswered(answerIdOf(name, event, index))) continue;
    dispatch.signal.throwIfAborted();
    while (!(await dispatchOutput(event, { index, output }, dispatch)));
  }
}

/**
 * A rejection, and an acceptance without events, are recorded under the id of the command itself: either the command has its
 * effect, or one of these is recorded, whoever executes it and however late. An owner that was paused before it executed the
 * command cannot do so after the next one has recorded that it was rejected.
 *
 * @returns false when the command was rejected here, and accepted elsewhere: to be executed again, which says so
 */
async function dispatchOutput(
  event: RecordedEvent,
  { index, output }: { readonly index: number; readonly output: ExecuteOutput },
  dispatch: Dispatch,
): Promise<boolean> {
  const { versions, execute, executeOnInstance, signal } = dispatch;
  const { name } = versions;
  const id = aggregateIdOf(event.streamId);
  const commandId = commandIdOf({ process: name, id, of: ['output', event.streamVersion, index] });
  const given: object = output.command;
  // Sound, or refused by the executor: it was made by `out.execute`.
  const command = given as AnyCommand;
  const options = { causedBy: event, metadata: output.metadata ?? inheritedMetadata(event), signal };
  const answer = {
    id: commandId,
    of: event.streamVersion,
    command: commandNameOf(command),
    ...(output.as !== undefined && { as: output.as }),
  };
  let result: AnyResult;
  try {
    result = await execute(command, { ...options, commandId });
  } catch (error) {
    if (isReused(error)) return true; // its rejection is recorded
    throw error;
  }
  const ofCommand = { process: name, id, commandId };
  if (result.outcome === 'rejected') {
    const { reason, details } = result;
    const input = { ...answer, type: 'rejected', reason, output, ...(details !== undefined && { details }) };
    return recordAnswer(event, dispatch, { ...ofCommand, input }, options);
  }
  if (!versions.all.some((definition) => definition.handles('accepted'))) return true;
  const input = { ...answer, type: 'accepted' };
  // Nothing in the log says that it was accepted: this is what a rejection meets then.
  if (result.events.length === 0) return recordAnswer(event, dispatch, { ...ofCommand, input }, options);
  const of = answerOf(event.streamVersion, index);
  await recordInput(executeOnInstance, { process: name, id, input, of }, options);
  return true;
}

/**
 * Records the answer to a command that has left no events, unless another process works on the instance by now: that one
 * executes the command again, perhaps with another answer. It appends to the instance first, so that a record which comes late
 * is a version conflict.
 *
 * @returns false when the command was accepted elsewhere, or another answer is recorded
 */
async function recordAnswer(
  { streamId }: RecordedEvent,
  { store, executeOnInstance, mayProcess }: Dispatch,
  input: InputFor,
  options: Omit<ProcessExecuteOptions, 'commandId'>,
): Promise<boolean> {
  for (;;) {
    const expectedVersion = await versionOf(store, streamId);
    if (!(await mayProcess())) throw new Error('another process works on the instance by now');
    try {
      await recordInput(executeOnInstance, input, { ...options, expectedVersion });
      return true;
    } catch (error) {
      if (isReused(error)) return false;
      // Other inputs come at any time.
      if (!LeftfoldError.is(error) || error.code !== 'STREAM_VERSION_CONFLICT') throw error;
    }
  }
}

async function versionOf(store: PostgresEventStore, streamId: string): Promise<number> {
  const events = store.readStream(streamId, { backwards: true, limit: 1 });
  for await (const _ of events);
  return events.last?.streamVersion ?? 0;
}
