import { type AnyProjection, InvalidArgumentError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { within } from '@leftfold/postgres';
import { withStoreErrors } from '@leftfold/subscriptions';
import { compareWithServing } from '../compare/compare-with-serving.ts';
import { decideCopy } from '../sql/copies.ts';
import { copySchema } from '../tables/projection-schema.ts';
import { assertUndecided, GatedCopy } from './gated-copy.ts';
import type { GatedRebuildOptions, RebuildDifference } from './rebuild-options.ts';

/** What a condition decided, and by what. */
export interface Decision {
  readonly switches: boolean;
  readonly difference: RebuildDifference;
}

/**
 * Compares the copy of a rebuild with what serves, at one position, and lets the condition decide. When it holds, the
 * process that builds the copy lets it serve; otherwise the copy stays as it is, and follows the log.
 *
 * @throws what the condition throws, or the signal's reason, with nothing decided; RebuildDroppedError, RebuildRefusedError,
 * SubscriptionFailedError, StoreUnavailableError; LogRewoundError when the log has gone back meanwhile
 */
export async function decideBy(
  store: PostgresEventStore,
  projection: AnyProjection,
  rebuildId: string,
  options: GatedRebuildOptions,
): Promise<Decision> {
  const { era } = store;
  const difference = await compareCopy(store, projection, rebuildId, options);
  const copy = { ...projection, rebuildId };
  const decide = (refusal: string | undefined) =>
    withStoreErrors(store, () => decideCopy(store, copy, refusal));
  let switches: unknown;
  try {
    // It may wait for a person, so that the signal has to end it.
    const { signal } = options;
    switches = await within(answerOf(options, difference), { signal, late: () => undefined });
    if (typeof switches !== 'boolean')
      throw new InvalidArgumentError('switchIf', `must return true or false, not ${kindOf(switches)}`);
  } catch (error) {
    const what = options.signal?.aborted === true ? 'switchIf was not waited for' : 'switchIf threw';
    // Without the reason, the status says that the copy waits for a decision.
    await decide(`${what} at position ${difference.position}; ${NEXT}`).catch(() => {});
    throw error;
  }
  // What was compared is another log then, also where a backup has the copy.
  await store.highWaterMark({ after: 0, era });
  const refusal = switches
    ? undefined
    : `switchIf returned false at position ${difference.position}; ${NEXT}`;
  if (!(await decide(refusal)) && !switches)
    await withStoreErrors(store, () => assertUndecided(store, projection, rebuildId));
  return { switches, difference };
}

async function answerOf({ switchIf }: GatedRebuildOptions, difference: RebuildDifference): Promise<unknown> {
  return switchIf(difference);
}

function kindOf(answer: unknown): string {
  return answer === undefined ? 'nothing' : `a value of type ${typeof answer}`;
}

const NEXT = 'call rebuild() again, with another switchIf or without one, or dropRebuild()';

async function compareCopy(
  store: PostgresEventStore,
  projection: AnyProjection,
  rebuildId: string,
  { limit, signal }: GatedRebuildOptions,
): Promise<RebuildDifference> {
  const follower = new GatedCopy(store, projection, rebuildId);
  const expected = copySchema(store.schema, projection);
  try {
    const found = await compareWithServing(store, projection, { follower, expected }, { limit, signal });
    return { ...found.difference, position: Math.min(...found.positions) };
  } finally {
    await follower.free();
  }
}
