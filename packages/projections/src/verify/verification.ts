import type { AnyProjection, Progress } from '@leftfold/core';
import {
  assertFunction,
  assertOneOf,
  assertOptions,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import type { ProjectionDifference } from '../compare/projection-difference.ts';

/** How far a phase of a verification has come. */
export interface VerifyProgress extends Progress {
  /** `replaying` the log, `comparing` the rows, page by page, or replaying it `again`. */
  readonly phase: 'replaying' | 'comparing' | 'again';
}

/** Options of `verify`. */
export interface VerifyOptions {
  /** Most rows that are named. @default 100 */
  readonly limit?: number | undefined;
  /**
   * How often the log is replayed. Two replays of the same events that differ find a projection that depends on something
   * else than events. @default 2 when the rows that serve are wrong, else 1
   */
  readonly replays?: 1 | 2 | undefined;
  /** Ends it with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: VerifyProgress) => void) | undefined;
}

/** What a verification found. */
export interface Verification extends ProjectionDifference {
  /** The position at which the rows were compared; of several slices, that of the one which was behind the others. */
  readonly position: number;
  /** How two replays of the same events differ; undefined when there was one. */
  readonly betweenReplays: ProjectionDifference | undefined;
  /** Keys that are parked in what serves: it lacks events that the replay may have. */
  readonly parkedKeys: number;
  /** Keys that the replay has parked, since this process cannot apply an event of them: it lacks their later events. */
  readonly replayParkedKeys: number;
  /** Whether events were given up meanwhile, which the replay may have applied: verify again then. */
  readonly givenUpMeanwhile: boolean;
  /** The result and what to do, in words, without keys and values. */
  readonly message: string;
}

const optionNames: OptionNames<VerifyOptions> = {
  limit: true,
  replays: true,
  signal: true,
  onProgress: true,
};

/** @throws InvalidArgumentError */
export function assertVerifyOptions(options: VerifyOptions): void {
  assertOptions('options', options, optionNames);
  assertWhole('limit', options.limit);
  assertOneOf('replays', options.replays, [1, 2]);
  assertFunction('onProgress', options.onProgress);
}

/** The result in words, and what to do. */
export function describeVerification(
  projection: AnyProjection,
  found: Omit<Verification, 'message'>,
): string {
  const { parkedKeys, replayParkedKeys, givenUpMeanwhile } = found;
  return [
    describeRows(projection, found),
    ...(parkedKeys === 0
      ? []
      : [
          `${keysAre(parkedKeys)} parked, and what serves lacks events of them: resume or give up what is parked`,
        ]),
    ...(replayParkedKeys === 0
      ? []
      : [
          `${keysAre(replayParkedKeys)} parked in the replay, which lacks events of them, since this process cannot apply one: mend the handler`,
        ]),
    ...(givenUpMeanwhile ? ['events were given up meanwhile: verify again'] : []),
  ].join('; ');
}

function keysAre(count: number): string {
  return count === 1 ? '1 key is' : `${count} keys are`;
}

function describeRows(
  { name, version }: AnyProjection,
  { position, betweenReplays, ...found }: Omit<Verification, 'message'>,
): string {
  const what = `projection "${name}" version ${version} at position ${position}`;
  const rows = found.equal
    ? `all ${found.rows} rows of ${what} are as the events make them`
    : `${wrongRows(found)} of ${what}`;
  if (betweenReplays !== undefined && !betweenReplays.equal) {
    return `${rows}; two replays of the same events differ (${wrongRows(betweenReplays)}), so the projection depends on something else than its events, such as the clock, random numbers, or how they are divided into batches: change that, and raise its version`;
  }
  if (found.equal) return rows;
  return `${rows}; replace them with repair(), or build all rows anew with rebuild(), or with reset(), during which queries wait`;
}

function wrongRows({ missing, extra, different }: ProjectionDifference): string {
  return `${missing} rows missing, ${extra} extra, ${different} different`;
}
