import type { PostgresEventStore } from '@leftfold/event-store';
import type { SubscriptionStatus } from '@leftfold/subscriptions';
import { findOpenAppends } from '../sql/inline.ts';

/** What an inline projection waits for until appends apply it, in words. */
export async function whyNotInline(store: PostgresEventStore, status: SubscriptionStatus): Promise<string> {
  const { state, owner, position, lag, caughtUp, demotion, differences } = status;
  if (state === 'mismatched') return `its definition in this process differs: ${differences.join('; ')}`;
  if (demotion !== undefined)
    return `an append of ${demotion.by} did not apply it at ${demotion.at.toISOString()}`;
  if (owner === undefined) return `no process applies it now: it is ${state} at position ${position}`;
  if (!caughtUp || lag > 0)
    return `process ${owner} applies its history: it is at position ${position} of ${position + lag}`;
  const open = await findOpenAppends(store.run, store.schema);
  return open.length === 0
    ? `process ${owner} has caught up with the log, and is about to make it inline`
    : `process ${owner} waits for the open transactions of ${open.join(', ')}`;
}
