import { accountIdOf } from '../log/fill-log.ts';
import { seededRandom } from '../statistics/random.ts';
import { zipf } from '../statistics/zipf.ts';

/** What the callers of an application do: 64 of them, on accounts of which few are popular. */
export const CALLERS = 64;
export const log = { events: 5_000, streams: 500 };

export interface Visit {
  readonly accountId: string;
  /** Whether the account is only looked at. */
  readonly reads: boolean;
}

/**
 * The next visit at each call: the same sequence for whatever is compared.
 *
 * @param readShare from 0, where every visit is a command, to 1
 */
export function visits(readShare: number): () => Visit {
  const random = seededRandom(42);
  const popular = zipf(log.streams, random);
  return () => ({ accountId: accountIdOf(popular()), reads: random() < readShare });
}
