import type { ProcessEventData, ProcessOutput, RecordedInput } from '@leftfold/core';
import {
  hasEnded,
  type InstanceState,
  isOpen,
  noInstance,
  type RecordedDeadline,
  withInput,
  withOutputs,
  withRejected,
} from './instance-state.ts';
import type { ProcessVersions } from './process-versions.ts';

/**
 * Folds an event in the stream of an instance. What is published only counts. The state of a version that this app does not have
 * is left out: an instance that has ended, or was moved since, does not need it.
 *
 * @param name of the event, without its category
 * @throws what `evolve` of the process throws
 */
export function foldInstance(
  versions: ProcessVersions,
  before: InstanceState,
  name: string,
  data: unknown,
): InstanceState {
  const next = { ...before, streamVersion: before.streamVersion + 1 };
  const fold = Object.hasOwn(folds, name) ? folds[name as keyof typeof folds] : undefined;
  // Sound: the data is that of the event.
  return fold === undefined ? next : fold(next, data as never, versions);
}

const folds = {
  started(state: InstanceState, { version }: ProcessEventData<'started'>, versions: ProcessVersions) {
    return { ...state, status: 'running', version, state: versions.find(version)?.initialState ?? null };
  },
  received(
    state: InstanceState,
    { input, outputs, deferred, late }: ProcessEventData<'received'>,
    versions: ProcessVersions,
  ) {
    if (deferred === true) return { ...state, deferred: [...state.deferred, input] };
    if (late === true) return withRejected(state, input);
    const taken = withInput(state, versions.find(state.version), input);
    return withOutputs(taken, outputs, state.streamVersion);
  },
  paused: (state: InstanceState) => ({ ...state, status: 'paused' }),
  resumed(
    state: InstanceState,
    { handled, remaining = 0 }: ProcessEventData<'resumed'>,
    versions: ProcessVersions,
  ) {
    const running: InstanceState = { ...state, status: 'running', deferred: [] };
    const outputs = handled.map((one) => one.outputs);
    const first = state.deferred.length - remaining;
    const after = takeDeferred(
      running,
      state.deferred.slice(0, first),
      versions,
      () => outputs.shift() ?? [],
    );
    return remaining === 0 || hasEnded(after)
      ? after
      : { ...after, status: 'paused', deferred: state.deferred.slice(first) };
  },
  cancelled: (state: InstanceState, { reason }: ProcessEventData<'cancelled'>) => ({
    ...state,
    status: 'cancelled',
    failure: reason,
    deadlines: {},
    deferred: [],
  }),
  retried: (state: InstanceState): InstanceState => ({
    ...state,
    status: 'running',
    failure: undefined,
    rejected: noInstance.rejected,
  }),
  moved: (state: InstanceState, data: ProcessEventData<'moved'>) => ({
    ...state,
    version: data.version,
    state: data.state,
  }),
  forked(state: InstanceState, { version, state: forked, outputs }: ProcessEventData<'forked'>) {
    const running: InstanceState = { ...state, status: 'running', version, state: forked };
    return withOutputs(running, outputs, state.streamVersion);
  },
} satisfies Record<string, (state: InstanceState, data: never, versions: ProcessVersions) => InstanceState>;

/**
 * Takes inputs that were deferred, in order, until the instance ends; of one that has failed, commands that were rejected are
 * kept. A deadline that is not open any more is left out.
 *
 * @param outputsOf called for each input that is taken, with the state before its outputs
 */
export function takeDeferred(
  running: InstanceState,
  deferred: readonly RecordedInput[],
  versions: ProcessVersions,
  outputsOf: (taken: InstanceState, input: RecordedInput) => readonly ProcessOutput[],
): InstanceState {
  let state = running;
  for (const input of deferred) {
    if (state.status === 'failed') state = withRejected(state, input);
    if (hasEnded(state)) continue;
    if (input.type === 'deadline' && !isOpen(state, input as RecordedDeadline)) continue;
    const taken = withInput(state, versions.find(state.version), input);
    state = withOutputs(taken, outputsOf(taken, input), state.streamVersion);
  }
  return state;
}
