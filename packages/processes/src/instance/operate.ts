import type { NewEvent, NotCancelled, ProcessOutput, RecordedInput, Rejection } from '@leftfold/core';
import { reject } from '@leftfold/core';
import { takeDeferred } from './fold-instance.ts';
import {
  hasEnded,
  type InstanceState,
  type RecordedDeadline,
  withInput,
  withOutputs,
} from './instance-state.ts';
import { outcomeOf, summaryOf, type Taking } from './take-input.ts';

/** Characters of outputs after which a resume leaves the inputs behind to another one. An event may have four times as many. */
const MOST_AT_ONCE = 256 * 1_024;

/** Why an operation does not fit an instance. */
export type NotOperated =
  | 'not-started'
  | 'ended'
  | 'failed'
  | 'paused'
  | 'not-paused'
  | 'not-failed'
  | 'nothing-rejected'
  | 'newest-version'
  | 'exists'
  | NotCancelled;

/** What an operation appends. */
export type Operated = readonly NewEvent[] | Rejection<NotOperated>;

/** What an operation gets beside the instance. */
export interface Operation extends Taking {
  readonly reason: string;
  readonly commandId: string;
}

export function pauseInstance({ versions, instance, reason }: Operation): Operated {
  const refused = notOpen(instance);
  if (refused !== undefined) return refused;
  if (instance.status === 'paused') return reject('paused');
  return [versions.events.create['paused']!({ reason } as never)];
}

/** Takes the first ones of the inputs that were deferred: what follows from them has to fit in one event. */
export function resumeInstance({ versions, id, instance, reason }: Operation): Operated {
  const refused = notOpen(instance);
  if (refused !== undefined) return refused;
  if (instance.status !== 'paused') return reject('not-paused');
  const definition = versions.of(instance.version);
  const handled: { type: string; name?: string; outputs: readonly ProcessOutput[] }[] = [];
  const published: NewEvent[] = [];
  const take = (taken: InstanceState, input: RecordedInput) => {
    const outcome = outcomeOf({ versions, definition, id }, taken.state, input);
    const name = input.type === 'deadline' ? { name: (input as RecordedDeadline).name } : {};
    handled.push({ type: input.type, ...name, outputs: outcome.outputs });
    published.push(...outcome.published);
    return outcome.outputs;
  };
  let after: InstanceState = { ...instance, status: 'running' };
  let taken = 0;
  let size = 0;
  while (taken < instance.deferred.length && size < MOST_AT_ONCE) {
    after = takeDeferred(after, instance.deferred.slice(taken, taken + 1), versions, take);
    taken += 1;
    size += JSON.stringify([handled.at(-1), published.at(-1)]).length;
  }
  const remaining = hasEnded(after) ? 0 : instance.deferred.length - taken;
  const data = {
    reason,
    handled,
    ...(remaining > 0 && { remaining }),
    ...summaryOf(definition, after.state),
  };
  return [versions.events.create['resumed']!(data as never), ...published];
}

/** With a function for `cancelled`, the process decides how it ends; not so when this app does not have its version. */
export function cancelInstance({ versions, id, instance, reason, commandId }: Operation): Operated {
  const { create } = versions.events;
  const cancelled = () => [create['cancelled']!({ reason } as never)];
  const refused = notOpen(instance);
  if (refused !== undefined) return refused;
  const definition = versions.find(instance.version);
  if (definition?.reactsTo('cancelled') !== true) return cancelled();
  const kept = definition.whyNotCancelled?.(instance.state);
  if (kept !== undefined) return reject(kept);
  if (instance.status === 'paused') return reject('paused');
  const input: RecordedInput = { type: 'cancelled', id: commandId, reason };
  const { state } = withInput(instance, definition, input);
  const { outputs, published } = outcomeOf({ versions, definition, id }, state, input);
  const data = { input, outputs, ...summaryOf(definition, state) };
  return [create['received']!(data as never), ...published];
}

/** A cancellation does not do that: one that comes when a compensation is stuck would end the saga without it. */
export function abandonInstance({ versions, instance, reason }: Operation): Operated {
  if (instance.status === 'unknown') return reject('not-started');
  if (instance.status !== 'failed') return reject('not-failed');
  return [versions.events.create['cancelled']!({ reason } as never)];
}

export function retryInstance({ versions, instance, reason }: Operation): Operated {
  if (instance.status === 'unknown') return reject('not-started');
  if (instance.status !== 'failed') return reject('not-failed');
  const { commands } = instance.rejected;
  if (commands.length === 0) return reject('nothing-rejected');
  return [versions.events.create['retried']!({ reason, outputs: commands } as never)];
}

export function moveInstance({ versions, instance, reason }: Operation): Operated {
  const refused = notOpen(instance);
  if (refused !== undefined) return refused;
  const { newest } = versions;
  const { version: from } = instance;
  if (from >= newest.version) return reject('newest-version');
  // Its state is known only with its version.
  versions.of(from);
  const state = newest.migrate(instance.state, from);
  const definition = versions.hashOf(newest);
  const paused = instance.status === 'paused' ? { paused: true } : {};
  const moved = { reason, from, version: newest.version, definition, state, ...paused };
  const data = { ...moved, ...summaryOf(newest, state) };
  return [versions.events.create['moved']!(data as never)];
}

/** What a fork continues: an instance as it was after one of its events. */
export interface ForkedInstance {
  readonly id: string;
  readonly atVersion: number;
  readonly version: number;
  readonly state: unknown;
  /** What is done in the new instance: open deadlines are set again, and the outputs of that event are issued again. */
  readonly outputs: readonly ProcessOutput[];
}

export function forkInstance({ versions, instance, reason }: Operation, from: ForkedInstance): Operated {
  if (instance.status !== 'unknown') return reject('exists');
  const { id, atVersion, version, state, outputs } = from;
  const definition = versions.of(version);
  const base = { ...instance, status: 'running' as const };
  if (hasEnded(withOutputs(base, outputs, 1))) return reject('ended');
  const data = {
    reason,
    from: id,
    atVersion,
    version,
    definition: versions.hashOf(definition),
    state,
    outputs,
    ...summaryOf(definition, state),
  };
  return [versions.events.create['forked']!(data as never)];
}

function notOpen(instance: InstanceState): Rejection<NotOperated> | undefined {
  if (instance.status === 'unknown') return reject('not-started');
  if (instance.status === 'failed') return reject('failed');
  return hasEnded(instance) ? reject('ended') : undefined;
}
