import type { RecordedEvent, Rejection } from '@leftfold/core';
import type { Plan } from '../decide/plan.ts';
import type { Standing } from '../decide/standing.ts';
import type { AnyResult } from './command-result.ts';

/** What a result says of its execution. */
export interface ResultContext {
  readonly plan: Plan;
  readonly commandId: string;
  readonly attempts: number;
}

/** @param events of the command, in the order of the log; at least one */
export function toAppendedResult(
  context: ResultContext,
  events: readonly RecordedEvent[],
  repeated: boolean,
): AnyResult {
  const versions = new Map(events.map(({ streamId, streamVersion }) => [streamId, streamVersion]));
  const token = events.at(-1)?.position ?? 0;
  return {
    ...common(context, token),
    ...versionsOf(context.plan, versions),
    outcome: 'accepted',
    events,
    repeated,
  };
}

export function toUnchangedResult(context: ResultContext, standings: readonly Standing[]): AnyResult {
  return { ...based(context, standings), outcome: 'accepted', events: [], repeated: false };
}

export function toRejectedResult(
  context: ResultContext,
  standings: readonly Standing[],
  rejection: Rejection,
): AnyResult {
  const { reason, details } = rejection;
  return { ...based(context, standings), outcome: 'rejected', reason, details };
}

function based(context: ResultContext, standings: readonly Standing[]) {
  const token = Math.max(...standings.map(({ folded }) => folded.position));
  const versions = new Map(standings.map(({ target, folded }) => [target.streamId, folded.streamVersion]));
  return { ...common(context, token), ...versionsOf(context.plan, versions) };
}

function common({ plan, commandId, attempts }: ResultContext, token: number) {
  return { command: plan.name, commandId, token, attempts };
}

function versionsOf({ targets }: Plan, versions: ReadonlyMap<string, number>) {
  const [only] = targets;
  if (only?.role === '') return { streamVersion: versions.get(only.streamId) ?? 0 };
  const known = targets.flatMap(({ role, streamId }) => {
    const streamVersion = versions.get(streamId);
    return streamVersion === undefined ? [] : [[role, streamVersion] as const];
  });
  return { streamVersions: Object.fromEntries(known) };
}
