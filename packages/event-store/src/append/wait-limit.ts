import { StoreUnavailableError } from '@leftfold/core';
import type { StatementRunner } from '@leftfold/postgres';
import type { BlockedResult } from './queued-request.ts';
import { type TimeLimitRow, timeLimitStatement } from '../sql/time-limit.ts';

/** How long an append may wait for locks of other transactions. */
export interface WaitLimit {
  readonly ms: number;
  /** The setting or option that says so. */
  readonly name: string;
}

/** The shortest of `answerTimeoutMs` and the limits that the role's sessions have. */
export async function waitLimitOf(run: StatementRunner, answerMs: number): Promise<WaitLimit> {
  const own: WaitLimit = { ms: answerMs, name: 'answerTimeoutMs' };
  // A database that does not answer says nothing about the role: the appends themselves meet the outage.
  const [limit] = await run<TimeLimitRow>(timeLimitStatement).catch(() => []);
  if (limit === undefined || limit.ms >= answerMs) return own;
  return { ms: limit.ms, name: `${limit.name} of this role` };
}

/** The error of an append that waited for longer. */
export function waitedTooLong(
  { ms, name }: WaitLimit,
  { blocked: cause, lostConnection }: BlockedResult,
): StoreUnavailableError {
  const effect =
    lostConnection === true
      ? 'a connection was lost before, so it is unknown whether the events were appended; try again with the same event ids'
      : 'nothing was appended; try again';
  return new StoreUnavailableError(
    `another transaction held a stream, tag or row that this append needs for longer than ${ms} ms, and ${effect}, and if it happens again end that transaction, or raise ${name}`,
    { cause },
  );
}
