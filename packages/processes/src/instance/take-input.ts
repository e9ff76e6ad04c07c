import {
  type AnyProcess,
  type NewEvent,
  type ProcessOutput,
  type PublishOutput,
  type RecordedInput,
  reject,
  type Rejection,
} from '@leftfold/core';
import {
  type AnswerInput,
  hasEnded,
  type InstanceState,
  isOpen,
  type RecordedDeadline,
  withInput,
} from './instance-state.ts';
import type { ProcessVersions } from './process-versions.ts';

/** Why an instance does not take an input. */
export type NotTaken = 'not-started' | 'ended' | 'not-read' | 'deadline-over';

const notTaken: Readonly<Record<NotTaken, true>> = {
  'not-started': true,
  ended: true,
  'not-read': true,
  'deadline-over': true,
};

export const isNotTaken = (reason: string): reason is NotTaken => Object.hasOwn(notTaken, reason);

/** An instance that gets an input. */
export interface Taking {
  readonly versions: ProcessVersions;
  readonly id: string;
  readonly instance: InstanceState;
}

/** Decides what is recorded of an input: nothing, when it is not for this instance. */
export function takeInput(
  { versions, id, instance }: Taking,
  input: RecordedInput,
): readonly NewEvent[] | Rejection<NotTaken> {
  const { create } = versions.events;
  if (instance.status === 'unknown') {
    const { newest } = versions;
    if (!newest.starts.includes(input.type)) return reject('not-started');
    const data = { version: newest.version, definition: versions.hashOf(newest) };
    const started: InstanceState = { ...instance, version: newest.version, state: newest.initialState };
    return [create['started']!(data as never), ...received({ versions, id, instance: started }, input)];
  }
  if (instance.status === 'failed' && input.type === 'rejected')
    return [create['received']!({ input, outputs: [], late: true } as never)];
  if (hasEnded(instance)) return reject('ended');
  if (!takes(versions.of(instance.version), input.type)) return reject('not-read');
  if (input.type === 'deadline' && !isOpen(instance, input as RecordedDeadline))
    return reject('deadline-over');
  if (instance.status === 'paused')
    return [create['received']!({ input, outputs: [], deferred: true } as never)];
  return received({ versions, id, instance }, input);
}

function received({ versions, id, instance }: Taking, input: RecordedInput): readonly NewEvent[] {
  const definition = versions.of(instance.version);
  const { state } = withInput(instance, definition, input);
  const { outputs, published } = outcomeOf({ versions, definition, id }, state, input);
  const data = { input, outputs, ...summaryOf(definition, state) };
  return [versions.events.create['received']!(data as never), ...published];
}

/** What the process wants done after an input, and the events that it publishes. */
export interface InputOutcome {
  readonly outputs: readonly ProcessOutput[];
  readonly published: readonly NewEvent[];
}

/** An instance whose process reacts. */
export interface Reacting {
  readonly versions: ProcessVersions;
  readonly definition: AnyProcess;
  readonly id: string;
}

/** @param state after the input */
export function outcomeOf(
  { versions: { events }, definition, id }: Reacting,
  state: unknown,
  input: RecordedInput,
): InputOutcome {
  // Without an end the instance would wait for ever, and nobody would know.
  const unheard = input.type === 'rejected' && !definition.reactsTo('rejected');
  const all: readonly ProcessOutput[] = unheard
    ? [{ kind: 'fail', reason: (input as AnswerInput).reason ?? 'rejected' }]
    : definition.react(state, input, { id });
  const isPublished = (output: ProcessOutput): output is PublishOutput => output.kind === 'publish';
  const published = all.filter(isPublished).map(({ event, data }) => events.create[event]!(data as never));
  return { outputs: all.filter((output) => !isPublished(output)), published };
}

/** Recorded with an event, so that the table for operators needs no fold. */
export function summaryOf(definition: AnyProcess, state: unknown): { readonly summary?: string } {
  const summary = definition.summaryOf(state);
  return summary === undefined ? {} : { summary };
}

function takes(definition: AnyProcess, type: string): boolean {
  if (type === 'accepted') return definition.handles(type);
  if (!type.includes('.')) return true;
  return definition.eventTypes.includes(type) || Object.hasOwn(definition.messages, type);
}
