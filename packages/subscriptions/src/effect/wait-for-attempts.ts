import { LeftfoldError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause, within } from '@leftfold/postgres';
import { withStoreErrors } from '../runner/with-store-errors.ts';
import type { SubscriptionRunner } from '../runner/subscription-runner.ts';
import { readDueFailures } from '../sql/due.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import { failedAttempts } from '../status/failed-attempts.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { answerLimitMs } from '../wait/answer-limit.ts';
import type { WaitOptions } from '../wait/subscription-waiters.ts';
import { untilReached } from '../wait/until-reached.ts';
import { failedError } from '../wait/wait-errors.ts';

interface EffectIdentity extends SubscriptionRef {
  readonly kind: string;
}

/** How often it is looked whether a key still waits. */
const POLL_MS = 25;

/**
 * Waits until an effect has processed or parked every event that is committed now, and no key waits for its next
 * attempt.
 *
 * @throws SubscriptionTimeoutError, with the last failure as its cause; SubscriptionFailedError; the errors of
 * `whenCaughtUp` of a runner
 */
export async function waitForAttempts(
  { store, runner }: { readonly store: PostgresEventStore; readonly runner: SubscriptionRunner },
  identity: EffectIdentity,
  { timeoutMs, signal }: WaitOptions,
): Promise<void> {
  const { name, version } = identity;
  const ref = { name, version };
  const deadline = performance.now() + timeoutMs;
  const wanted = await runner.untilEnd(ref, { timeoutMs, signal });
  let failure: unknown;
  const check = async () => {
    try {
      const [position, waits] = await withStoreErrors(store, () => progressOf(store, identity));
      failure = waits;
      return waits === undefined && position >= wanted ? { position } : position;
    } catch (error) {
      // Looked for again until the timeout: the database may come back.
      if (LeftfoldError.is(error) && error.code === 'STORE_UNAVAILABLE') return undefined;
      throw error;
    }
  };
  await untilReached({
    identity,
    wanted,
    check: () =>
      within(check(), {
        limitMs: answerLimitMs(deadline - performance.now()),
        late: () => undefined,
        signal,
      }),
    wait: async (remainingMs) => {
      await pause(Math.min(POLL_MS, remainingMs), signal);
      await runner.waitForPosition(ref, wanted, { timeoutMs: remainingMs, signal });
    },
    why: async () => failure,
    timeoutMs,
    deadline,
    signal,
  });
}

/**
 * The position of an effect, and then why keys wait for an attempt, undefined when none does: a key is set aside together
 * with a move of the checkpoint.
 *
 * @throws SubscriptionFailedError when no attempt follows
 */
async function progressOf(
  store: PostgresEventStore,
  identity: EffectIdentity,
): Promise<readonly [position: number, waits: string | undefined]> {
  const checkpoints = await readCheckpoints(store, [identity]);
  const [due] = await readDueFailures(store, [identity]);
  const position = Math.min(...checkpoints.map((one) => one.position));
  if (due === undefined) return [position, undefined];
  const stopped = checkpoints.find(({ failure }) => failure !== undefined);
  if (stopped !== undefined) throw failedError({ ...identity, slice: stopped.slice }, stopped);
  return [position, due.attempts === 0 ? 'events of some keys wait for their turn' : failedAttempts(due)];
}
