import type { RecordedEvent, Rejection } from '@leftfold/core';
import type { Plan } from '../decide/plan.ts';
import type { LoadedTarget } from '../decide/loaded-target.ts';
import type { AnyResult } from './command-result.ts';

/** The parts of a result that describe its execution. */
export interface ResultContext {
  readonly plan: Plan;
  readonly commandId: string;
  readonly attempts: number;
}

/** @param events of the command, in log order; at least one */
export function toAppendedResult(
  context: ResultContext,
  events: readonly RecordedEvent[],
  duplicate: boolean,
): AnyResult {
  const token = events.at(-1)?.position ?? 0;
  const versions = versionsOf(context.plan, events);
  return { outcome: 'accepted', ...common(context, token), ...versions, events, duplicate };
}

export function toUnchangedResult(context: ResultContext, loadedTargets: readonly LoadedTarget[]): AnyResult {
  return { outcome: 'accepted', ...based(context, loadedTargets), events: [], duplicate: false };
}

export function toRejectedResult(
  context: ResultContext,
  loadedTargets: readonly LoadedTarget[],
  { reason, details }: Rejection,
): AnyResult {
  return { outcome: 'rejected', ...based(context, loadedTargets), reason, details };
}

function based(context: ResultContext, loadedTargets: readonly LoadedTarget[]) {
  const token = Math.max(...loadedTargets.map(({ folded }) => folded.position));
  const places = loadedTargets.map(({ target: { streamId }, folded: { streamVersion } }) => ({
    streamId,
    streamVersion,
  }));
  return { ...common(context, token), ...versionsOf(context.plan, places) };
}

function common({ plan, commandId, attempts }: ResultContext, token: number) {
  return { command: plan.name, commandId, token, attempts };
}

/** @param places stream versions, the newest of a stream last */
function versionsOf(
  { targets }: Plan,
  places: readonly { readonly streamId: string; readonly streamVersion: number }[],
) {
  if (targets[0]?.role === '') return { streamVersion: places.at(-1)?.streamVersion ?? 0 };
  const streamVersions: Record<string, number> = {};
  for (const { role, streamId } of targets) {
    const last = places.findLast((place) => place.streamId === streamId);
    if (last !== undefined) streamVersions[role] = last.streamVersion;
  }
  return { streamVersions };
}
