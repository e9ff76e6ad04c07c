import type { AnyProjection } from '@leftfold/core';
import { ProgressMeter } from '@leftfold/core/input';
import { tell } from '@leftfold/postgres';
import { withStoreErrors } from '@leftfold/subscriptions';
import { type CompareOptions, compareTables } from '../compare/compare-tables.ts';
import { compareWithServing, type FoundDifference } from '../compare/compare-with-serving.ts';
import type { ProjectionDifference } from '../compare/projection-difference.ts';
import { TableSnapshot } from '../compare/table-snapshot.ts';
import { servingPositions } from '../replay/hold-serving.ts';
import { Replay, type ReplayOptions } from '../replay/replay.ts';
import { readUnlike } from '../sql/given-up.ts';
import { describeVerification, type Verification, type VerifyOptions } from './verification.ts';

/** A batch of the second replay: the rows must not depend on how events are divided into batches. */
const OTHER_BATCH_SIZE = 97;

/** A verification, with the replay whose rows are right. */
export interface VerifiedReplay extends AsyncDisposable {
  readonly verification: Verification;
  readonly replay: Replay;
}

/**
 * Replays a projection aside, compares the rows that serve with those of the replay at one position, and keeps the replay.
 *
 * @throws see `verify` of `ProjectionAudit`
 */
export async function verifyProjection(
  context: ReplayOptions,
  projection: AnyProjection,
  options: VerifyOptions & Pick<CompareOptions, 'onRow'>,
): Promise<VerifiedReplay> {
  const { store } = context;
  const { signal, replays } = options;
  const replay = await Replay.begin(projection, await servingPositions(store, projection), context);
  try {
    const found = await compareWithReplay(context, projection, replay, options);
    const readNow = () => withStoreErrors(store, () => readUnlike(store, projection, replay.ref));
    const replaysAgain = replays === 2 || (replays === undefined && !found.difference.equal);
    const isComparable = replaysAgain && !(await readNow()).given_up;
    const again = isComparable
      ? await compareReplays(context, projection, { replay, positions: found.positions }, options)
      : undefined;
    signal?.throwIfAborted();
    const unlike = await readNow();
    const verified = {
      ...found.difference,
      position: Math.min(...found.positions),
      // A replay that is begun later has applied other events then.
      betweenReplays: unlike.given_up ? undefined : again,
      parkedKeys: unlike.parked_keys,
      replayParkedKeys: unlike.replay_parked,
      givenUpMeanwhile: unlike.given_up,
    };
    return {
      verification: { ...verified, message: describeVerification(projection, verified) },
      replay,
      [Symbol.asyncDispose]: () => replay[Symbol.asyncDispose](),
    };
  } catch (error) {
    await replay[Symbol.asyncDispose]();
    throw error;
  }
}

async function compareWithReplay(
  { store }: ReplayOptions,
  projection: AnyProjection,
  replay: Replay,
  { limit, signal, onProgress, onRow }: VerifyOptions & Pick<CompareOptions, 'onRow'>,
): Promise<FoundDifference> {
  const mark = await store.highWaterMark();
  const replaying = new ProgressMeter(now, 0);
  let comparing: ProgressMeter | undefined;
  return compareWithServing(
    store,
    projection,
    { follower: replay, expected: replay.schema },
    {
      limit,
      signal,
      onRow,
      // Events that were appended since are replayed too.
      onPosition: (position) =>
        tell(onProgress, { phase: 'replaying', ...replaying.at(position, Math.max(mark, position)) }),
      onProgress: (done, total) => {
        comparing ??= new ProgressMeter(now);
        tell(onProgress, { phase: 'comparing', ...comparing.at(done, total) });
      },
    },
  );
}

/** Replays once more, up to the same positions. */
async function compareReplays(
  context: ReplayOptions,
  projection: AnyProjection,
  first: { readonly replay: Replay; readonly positions: readonly number[] },
  { limit, signal, onProgress }: VerifyOptions,
): Promise<ProjectionDifference> {
  const { positions } = first;
  await using second = await Replay.begin(projection, positions, { ...context, batchSize: OTHER_BATCH_SIZE });
  const end = Math.min(...positions);
  const meter = new ProgressMeter(now, 0);
  await second.reach(positions, {
    signal,
    onPosition: (position) => tell(onProgress, { phase: 'again', ...meter.at(Math.min(position, end), end) }),
  });
  const schemas = { found: second.schema, expected: first.replay.schema };
  await using snapshot = await TableSnapshot.take(context.store, projection, schemas);
  return await compareTables(snapshot.run, projection, schemas, { limit, signal });
}

function now(): number {
  return performance.now();
}
