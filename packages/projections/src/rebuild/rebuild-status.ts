import type { Progress } from '@leftfold/core';
import { toProgress } from '@leftfold/core/input';
import type { Checkpoint, StoredFailure } from '@leftfold/subscriptions';
import type { CopyRow } from '../sql/copies.ts';

/**
 * `building`: a process works on it. `waiting`: no process does, see `waitsFor`. `caught-up`: it follows the log, and is
 * about to serve, or waits for the decision. `paused`: until it is resumed. `stopped`: at an event that could not be
 * applied, until it is resumed. `previous`: it served until the last switch, and stands still.
 */
export type RebuildState = 'building' | 'waiting' | 'caught-up' | 'paused' | 'stopped' | 'previous';

/** State and progress of a copy of a projection's tables. Its speed is that since it began or was resumed. */
export interface RebuildStatus extends Progress {
  readonly state: RebuildState;
  /** Every event at or below this position, which is `done`, has been applied, by all slices. `total` is the high-water mark. */
  readonly position: number;
  /** The most events that it applies in a second; undefined for no limit. */
  readonly eventsPerSecondLimit: number | undefined;
  readonly slices: number;
  /** The processes that work on it. */
  readonly owners: readonly string[];
  readonly beganAt: Date;
  /** When it ceased to serve, for `previous`. */
  readonly switchedAt: Date | undefined;
  /** The release that asked for it: only its processes build it. */
  readonly release: string | undefined;
  /** Whether the `switchIf` of a call decides if it serves. */
  readonly gated: boolean;
  /** Why it does not serve yet though it has caught up, or what it waits for when no process builds it. */
  readonly waitsFor: string | undefined;
  /** Why it stopped. */
  readonly failure: StoredFailure | undefined;
}

/**
 * @param slices of the copy's subscription; none while it is being dropped
 * @param hasProcess whether a process that may build it is running
 */
export function toRebuildStatus(
  copy: CopyRow,
  slices: readonly Checkpoint[],
  { highWaterMark, hasProcess }: { readonly highWaterMark: number; readonly hasProcess: boolean },
): RebuildStatus {
  const position = slices.length === 0 ? 0 : Math.min(...slices.map((one) => one.position));
  const state = stateOf(copy, slices, { lag: highWaterMark - position, hasProcess });
  const gated = copy.state === 'building' && !copy.switches;
  const failure = slices.find((slice) => slice.failure !== undefined)?.failure;
  const moved = position - copy.measured_from;
  const speed = state === 'building' && moved > 0 ? moved / copy.measured_for : undefined;
  return {
    state,
    position,
    ...toProgress(position, highWaterMark, speed),
    eventsPerSecondLimit: copy.events_per_second ?? undefined,
    slices: slices.length,
    owners: [...new Set(slices.flatMap(({ owner, leased }) => (leased && owner ? [owner] : [])))],
    beganAt: new Date(copy.began_at * 1_000),
    switchedAt: copy.switched_at === null ? undefined : new Date(copy.switched_at * 1_000),
    release: slices[0]?.forRelease,
    gated,
    waitsFor: waitsFor(state, copy, {
      release: hasProcess ? undefined : slices[0]?.forRelease,
      isOutdated: failure?.outdated === true,
    }),
    failure,
  };
}

function waitsFor(
  state: RebuildState,
  copy: CopyRow,
  { release, isOutdated }: { readonly release: string | undefined; readonly isOutdated: boolean },
): string | undefined {
  if (state === 'waiting' && release !== undefined)
    return `a process of the release that asked for it, "${release}"; resumeRebuild() lets the release that calls it go on, rebuild() begins anew`;
  if (state === 'stopped' && isOutdated)
    return 'a newer release, whose events this one cannot read: call resumeRebuild() in a process of that one, or rebuild()';
  if (copy.refusal !== null) return copy.refusal;
  return state === 'caught-up' && !copy.switches ? WAITS_FOR_DECISION : undefined;
}

const WAITS_FOR_DECISION =
  'the switchIf of the process that called rebuild(); if that process has ended, call rebuild() again, with switchIf or without, or dropRebuild()';

/** Positions to the end of the log that a copy which follows it is behind, while events are appended. */
const FOLLOWS = 5_000;

function stateOf(
  { state, switches }: CopyRow,
  slices: readonly Checkpoint[],
  { lag, hasProcess }: { readonly lag: number; readonly hasProcess: boolean },
): RebuildState {
  if (state === 'previous') return 'previous';
  if (slices.some(({ failure }) => failure !== undefined)) return 'stopped';
  if (slices.some(({ paused }) => paused)) return 'paused';
  const isLeased = slices.some(({ leased }) => leased);
  // It may have caught up when it was built or served, and be led by none now.
  if (!isLeased && !hasProcess) return 'waiting';
  if (slices.every(({ caughtUp }) => caughtUp) && (lag <= FOLLOWS || !switches)) return 'caught-up';
  return isLeased ? 'building' : 'waiting';
}
