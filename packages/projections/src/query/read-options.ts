import { assertDuration, assertOneOf, type OptionNames, placeOfToken } from '@leftfold/core/input';
import type { ReadOptions } from './query-options.ts';
import type { Wanted } from './snapshot.ts';

const DEFAULT_TIMEOUT_MS = 5_000;

export const readNames: OptionNames<ReadOptions> = {
  atLeast: true,
  consistency: true,
  ifNotCaughtUp: true,
  ifParked: true,
  timeoutMs: true,
  signal: true,
};

/** Options with their defaults. @throws InvalidArgumentError when one has a value that it does not take */
export function toWanted(options: ReadOptions): Wanted {
  const { atLeast, consistency, ifNotCaughtUp = 'wait', ifParked = 'ignore', signal } = options;
  const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
  const place = atLeast === undefined ? undefined : placeOfToken('atLeast', atLeast);
  assertOneOf('consistency', consistency, ['eventual', 'strong']);
  assertOneOf('ifNotCaughtUp', ifNotCaughtUp, ['wait', 'fail']);
  assertOneOf('ifParked', ifParked, ['ignore', 'fail']);
  assertDuration('timeoutMs', timeoutMs);
  return { place, strong: consistency === 'strong', ifNotCaughtUp, ifParked, timeoutMs, signal };
}
