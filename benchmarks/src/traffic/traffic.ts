import { accountIdOf } from '../log/fill-log.ts';
import { seededRandom } from '../statistics/random.ts';
import { zipf } from '../statistics/zipf.ts';

/** The traffic of an application: 64 callers on accounts of which few are popular. */
export const CALLERS = 64;
export const log = { events: 5_000, streams: 500 };

export interface Visit {
  readonly accountId: string;
  /** Whether the account is only loaded. */
  readonly reads: boolean;
}

/**
 * Returns the next visit at each call. The sequence is the same for all compared workloads.
 *
 * @param readShare from 0 (every visit is a command) to 1
 */
export function visits(readShare: number): () => Visit {
  const random = seededRandom(42);
  const popular = zipf(log.streams, random);
  return () => ({ accountId: accountIdOf(popular()), reads: random() < readShare });
}
