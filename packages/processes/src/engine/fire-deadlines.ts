import { retryDelayMs } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import type { LeaseTerm, OnIncident } from '@leftfold/subscriptions';
import type { ProcessVersions } from '../instance/process-versions.ts';
import {
  type DueDeadline,
  readDueDeadlines,
  type SettledDeadline,
  settleDeadlines,
} from '../sql/deadlines.ts';
import type { ExecuteProcessCommand } from './execute-command.ts';
import { recordInput } from './record-input.ts';
import type { WakeUp } from './wake-up.ts';

/** Deadlines that are fired side by side. */
const AT_ONCE = 100;
/** Longest time without a look: a deadline that another process has recorded is seen after it. */
const LOOK_MS = 2_000;

export interface FireDeadlinesOptions {
  readonly store: PostgresEventStore;
  readonly versions: ProcessVersions;
  readonly executeOnInstance: ExecuteProcessCommand;
  readonly onIncident: OnIncident;
  /** Woken when deadlines were recorded. */
  readonly recorded: WakeUp;
}

/**
 * Records the deadlines of a slice that are due as inputs of their instances, until the signal aborts. Only the clock of the
 * database counts. One that fails is tried again later, and holds up no other.
 *
 * @throws what a statement throws
 */
export async function fireDeadlines(
  options: FireDeadlinesOptions,
  term: LeaseTerm,
  signal: AbortSignal,
): Promise<void> {
  const { store, versions, recorded } = options;
  const { slice, slices } = term;
  const background = <TResult>(work: () => Promise<TResult>) => store.loops.background.during(work);
  while (!signal.aborted) {
    const woken = recorded.next;
    const look = () => readDueDeadlines(store, versions.name, { slice, slices, most: AT_ONCE });
    const found = await background(look);
    const due = found.filter(({ dueInMs }) => dueInMs <= 0);
    if (due.length === 0) {
      const nextMs = found[0]?.dueInMs ?? LOOK_MS;
      // A timer may end a little early, by another clock: one millisecond more is cheaper than another look.
      await recorded.pause(Math.min(Math.ceil(nextMs) + 1, LOOK_MS), woken, signal);
      continue;
    }
    const settled = await Promise.all(due.map((deadline) => fire(options, term, deadline, signal)));
    const known = settled.filter((one) => one !== undefined);
    if (known.length > 0) await background(() => settleDeadlines(store, versions.name, known));
  }
}

/** @returns undefined when it was ended with the term */
async function fire(
  { versions, executeOnInstance, onIncident }: FireDeadlinesOptions,
  { name, version, slice }: LeaseTerm,
  { id, deadline, number, metadata, attempts }: DueDeadline,
  signal: AbortSignal,
): Promise<SettledDeadline | undefined> {
  const settled = { id, deadline, number };
  const of = ['deadline', deadline, number] as const;
  const input = { type: 'deadline', id: of.join(' '), name: deadline, number };
  try {
    const isTaken = await recordInput(
      executeOnInstance,
      { process: versions.name, id, input, of },
      { metadata, signal },
    );
    return { ...settled, outcome: isTaken ? 'fired' : 'over' };
  } catch (error) {
    if (signal.aborted) return undefined;
    onIncident({ subscription: { name, version, slice }, error, stopped: false });
    const retryMs = retryDelayMs(versions.newest.retry, attempts + 1);
    return { ...settled, outcome: 'failed', retryMs };
  }
}
