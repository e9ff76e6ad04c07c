import { type AnyProjection, LeftfoldError, ProjectionNotInlineError } from '@leftfold/core';
import type { SubscriptionStatus } from '@leftfold/subscriptions';

/** How long to wait, in milliseconds. */
export interface Patience {
  /** Between two looks at the state. */
  readonly checkMs: number;
  /** Between two reports. A projection that has caught up by then is not waited for. */
  readonly reportMs: number;
  /** Without progress. */
  readonly stalledMs: number;
}

/** Makes a request to the database, and may make it again when it fails. */
export type Ask = <TResult>(request: () => Promise<TResult>) => Promise<TResult>;

const defaultPatience: Patience = { checkMs: 1_000, reportMs: 10_000, stalledMs: 60_000 };

export interface WaitUntilInlineOptions {
  /** Waits until appends apply the projection. */
  readonly caughtUp: (timeoutMs: number) => Promise<void>;
  readonly find: () => Promise<{ readonly status: SubscriptionStatus; readonly reason: string }>;
  readonly report: (error: ProjectionNotInlineError) => void;
}

/** Such a projection is left to another release, or to an operator: incidents have told so. */
const notWaitedFor: readonly SubscriptionStatus['state'][] = ['mismatched', 'outdated', 'stopped'];

/**
 * Waits until appends apply an inline projection. Gives up, with a report, when they will not for a while: it is applied
 * asynchronously then, and no event is missing.
 */
export async function waitUntilInline(
  { name, version }: AnyProjection,
  { checkMs, reportMs, stalledMs }: Patience = defaultPatience,
  { caughtUp, find, report }: WaitUntilInlineOptions,
): Promise<void> {
  let reached = -1;
  let movedAt = performance.now();
  let reportedAt = movedAt;
  for (;;) {
    try {
      return await caughtUp(checkMs);
    } catch (error) {
      if (!LeftfoldError.is(error)) throw error;
      if (error.code === 'SUBSCRIPTION_FAILED') return;
      if (error.code !== 'SUBSCRIPTION_TIMEOUT') throw error;
    }
    const { status, reason } = await find();
    if (notWaitedFor.includes(status.state)) return;
    const now = performance.now();
    if (status.position > reached) movedAt = now;
    reached = Math.max(reached, status.position);
    if (now - reportedAt < reportMs) continue;
    reportedAt = now;
    const givesUp = now - movedAt >= stalledMs || (status.caughtUp && status.lag === 0);
    const next = givesUp ? 'it is applied asynchronously until then' : 'waiting for it';
    report(new ProjectionNotInlineError(`"${name}" version ${version}`, `${reason}; ${next}`));
    if (givesUp) return;
  }
}
