import { type LogToken, type RecordedEvent, type Rejection, tokenOf } from '@leftfold/core';
import type { Plan } from '../decide/plan.ts';
import { type Loaded, statesIn } from '../decide/loaded.ts';
import { tokenOfState } from '../load/folded.ts';
import type { AnyResult, ConflictError } from './command-result.ts';

export type StreamVersion = Pick<RecordedEvent, 'streamId' | 'streamVersion'>;

/** The parts of a result that describe its execution. */
export interface ResultContext {
  readonly plan: Plan;
  readonly commandId: string;
  readonly attempts: number;
  readonly conflicts: readonly ConflictError[];
}

/**
 * @param events of the command, in log order
 * @param places stream versions, the newest of a stream last. @default those of the events
 */
export function toAppendedResult(
  context: ResultContext,
  events: readonly RecordedEvent[],
  duplicate: boolean,
  places: readonly StreamVersion[] = events,
): AnyResult {
  const token = tokenOf(events.at(-1));
  const versions = versionsOf(context.plan, places);
  return { outcome: 'accepted', ...common(context, token), ...versions, events, duplicate };
}

export function toUnchangedResult(context: ResultContext, loaded: Loaded): AnyResult {
  return { outcome: 'accepted', ...based(context, loaded), events: [], duplicate: false };
}

export function toRejectedResult(
  context: ResultContext,
  loaded: Loaded,
  { reason, details }: Rejection,
): AnyResult {
  return { outcome: 'rejected', ...based(context, loaded), reason, details };
}

function based(context: ResultContext, loaded: Loaded) {
  const [first, ...others] = statesIn(loaded);
  const latest = others.reduce(
    (before, folded) => (before === undefined || folded.position > before.position ? folded : before),
    first,
  );
  const token = latest === undefined ? tokenOf(undefined) : tokenOfState(latest);
  const places = loaded.targets.map(({ target: { streamId }, folded: { streamVersion } }) => ({
    streamId,
    streamVersion,
  }));
  return { ...common(context, token), ...versionsOf(context.plan, places) };
}

function common({ plan, commandId, attempts, conflicts }: ResultContext, token: LogToken) {
  return { command: plan.name, commandId, token, attempts, conflicts };
}

/** @param places stream versions, the newest of a stream last */
function versionsOf({ targets }: Plan, places: readonly StreamVersion[]) {
  if (targets[0]?.role === '') return { streamVersion: places.at(-1)?.streamVersion ?? 0 };
  const streamVersions: Record<string, number> = {};
  for (const { role, streamId } of targets) {
    const last = places.findLast((place) => place.streamId === streamId);
    if (last !== undefined) streamVersions[role] = last.streamVersion;
  }
  return { streamVersions };
}
