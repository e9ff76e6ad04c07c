import type { AnyProcess, ExecuteOutput, ProcessOutput, RecordedInput, ScheduleOutput } from '@leftfold/core';

/** How an instance is doing. `unknown`: there is none. */
export type InstanceStatus = 'unknown' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

/** A deadline that is neither over nor cancelled. */
export interface OpenDeadline extends Pick<ScheduleOutput, 'afterMs' | 'at' | 'until'> {
  /** The stream version of the event that set it: tells it from others of its name. */
  readonly number: number;
}

/** The fold of the stream of an instance. */
export interface InstanceState {
  readonly status: InstanceStatus;
  /** Of its process. 0 for an instance that does not exist. */
  readonly version: number;
  /** As its process has folded it; null while this app does not have its version. */
  readonly state: unknown;
  readonly streamVersion: number;
  readonly deadlines: Readonly<Record<string, OpenDeadline>>;
  /** Inputs that came while it was paused. */
  readonly deferred: readonly RecordedInput[];
  /** The commands that were rejected last: all of one input, and those that were rejected after it had failed. */
  readonly rejected: { readonly input: number; readonly commands: readonly ExecuteOutput[] };
  /** Why it failed or was cancelled. */
  readonly failure?: string | undefined;
}

export const noInstance: InstanceState = {
  status: 'unknown',
  version: 0,
  state: null,
  streamVersion: 0,
  deadlines: {},
  deferred: [],
  rejected: { input: 0, commands: [] },
};

export function hasEnded({ status }: InstanceState): boolean {
  return status === 'completed' || status === 'failed' || status === 'cancelled';
}

/** The answer to a command, as it is recorded. */
export interface AnswerInput extends RecordedInput {
  /** The stream version of the event whose output the command was. */
  readonly of: number;
  /** Of a rejected command. */
  readonly reason?: string;
  /** Of a rejected command, for a retry. */
  readonly output?: ExecuteOutput;
}

/** A deadline, as it is recorded. */
export interface RecordedDeadline extends RecordedInput {
  readonly name: string;
  readonly number: number;
}

/** False for a deadline that was cancelled or replaced, or is over already. */
export function isOpen({ deadlines }: InstanceState, { name, number }: RecordedDeadline): boolean {
  return Object.hasOwn(deadlines, name) && deadlines[name]?.number === number;
}

/** The state with an input taken, before its outputs. */
export function withInput(
  before: InstanceState,
  definition: AnyProcess | undefined,
  input: RecordedInput,
): InstanceState {
  const open = Object.entries(before.deadlines).filter(
    ([name, { until }]) => until !== input.type && !(input.type === 'deadline' && name === input['name']),
  );
  return {
    ...withRejected(before, input),
    state: definition === undefined ? before.state : definition.evolve(before.state, input),
    deadlines: Object.fromEntries(open),
  };
}

/** Keeps a rejected command, for a retry. */
export function withRejected(before: InstanceState, input: RecordedInput): InstanceState {
  const { of, output } = input as AnswerInput;
  if (input.type !== 'rejected' || output === undefined) return before;
  const isBeside = before.rejected.input === of || before.status === 'failed';
  const others = isBeside ? before.rejected.commands : [];
  return { ...before, rejected: { input: of, commands: [...others, output] } };
}

/** The state after outputs of the event with this stream version. */
export function withOutputs(
  before: InstanceState,
  outputs: readonly ProcessOutput[],
  number: number,
): InstanceState {
  let after = before;
  for (const output of outputs) {
    switch (output.kind) {
      case 'schedule': {
        const { deadline, afterMs, at, until } = output;
        const open: OpenDeadline = { number, afterMs, at, until };
        after = { ...after, deadlines: { ...after.deadlines, [deadline]: open } };
        break;
      }
      case 'cancel': {
        const { [output.deadline]: _, ...deadlines } = after.deadlines;
        after = { ...after, deadlines };
        break;
      }
      case 'complete':
        return { ...after, status: 'completed', deadlines: {} };
      case 'fail':
        return { ...after, status: 'failed', failure: output.reason, deadlines: {} };
      case 'execute':
      case 'publish':
        break;
    }
  }
  return after;
}
