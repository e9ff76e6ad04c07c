import type { LeaseBoard, RunState, SliceState } from '../sql/leases.ts';
import { mapKeyOf, refKeyOf } from '../subscription/subscription-key.ts';

/** What one process should change. */
export interface Share {
  /** Free slices that it should take. */
  readonly take: readonly SliceState[];
  /** Slices that it holds, and should hand over: others have fewer. */
  readonly leave: readonly SliceState[];
}

/**
 * The share of one process in the slices of all.
 *
 * Slices that the same processes can run are shared out evenly among them: the numbers differ by one at most, and who
 * holds more keeps more. So every process comes to the same numbers from the same board.
 */
export function shareOf(owner: string, { slices, runs }: Pick<LeaseBoard, 'slices' | 'runs'>): Share {
  const take: SliceState[] = [];
  const leave: SliceState[] = [];
  const runsOf = grouped(runs, refKeyOf);
  const candidates = new Map(
    slices
      .filter(({ inline, paused }) => !inline && !paused)
      .map((slice) => [slice, candidatesFor(slice, runsOf.get(refKeyOf(slice)) ?? [])]),
  );
  for (const alike of grouped([...candidates.keys()], (slice) => candidates.get(slice)!.join()).values()) {
    const owners = candidates.get(alike[0]!)!;
    const mine = alike.filter((slice) => slice.owner === owner);
    if (!owners.includes(owner)) {
      // Others make it inline, or this process is not able to run it. Without any other, it goes on.
      if (owners.length > 0) leave.push(...mine);
      continue;
    }
    const room = quotaOf(owner, owners, alike) - mine.length;
    const free = alike.filter((slice) => slice.owner === undefined || isOutranked(slice, runsOf));
    if (room > 0) take.push(...spread(free, mine).slice(0, room));
    if (room < 0) leave.push(...spread(mine, []).slice(room));
  }
  return { take, leave };
}

/** Those that may run a slice, in one order everywhere. Those that make it inline, if there are any. */
function candidatesFor(slice: SliceState, runs: readonly RunState[]): readonly string[] {
  const able = runs.filter(
    ({ owner, definitionHash, release }) =>
      definitionHash === slice.definitionHash &&
      release === (slice.forRelease ?? release) &&
      slice.failedReleases?.includes(release) !== true &&
      slice.avoided !== owner,
  );
  const promoting = slice.inlineAfter === undefined ? able.filter(({ promotes }) => promotes) : [];
  return (promoting.length > 0 ? promoting : able).map(({ owner }) => owner).toSorted();
}

/** Held by a process that does not make it inline, while another does: it may be taken at once. */
function isOutranked(slice: SliceState, runsOf: ReadonlyMap<string, readonly RunState[]>): boolean {
  const promoted = runsOf.get(refKeyOf(slice))?.some(({ promotes }) => promotes) === true;
  return promoted && slice.inlineAfter === undefined && !slice.ownerPromotes;
}

function quotaOf(owner: string, owners: readonly string[], slices: readonly SliceState[]): number {
  const held = new Map(owners.map((one) => [one, slices.filter((slice) => slice.owner === one).length]));
  const ranked = owners.toSorted((one, other) => (held.get(other) ?? 0) - (held.get(one) ?? 0));
  const { length } = slices;
  return Math.floor(length / owners.length) + (ranked.indexOf(owner) < length % owners.length ? 1 : 0);
}

/** First those of subscriptions of which there are few: slices of one subscription go to different processes. */
function spread(slices: readonly SliceState[], held: readonly SliceState[]): readonly SliceState[] {
  const counts = new Map<string, number>();
  const next = (slice: SliceState) => {
    const count = (counts.get(refKeyOf(slice)) ?? 0) + 1;
    counts.set(refKeyOf(slice), count);
    return count;
  };
  held.forEach(next);
  return slices
    .toSorted((one, other) => (mapKeyOf(one) < mapKeyOf(other) ? -1 : 1))
    .map((slice) => ({ slice, count: next(slice) }))
    .toSorted((one, other) => one.count - other.count)
    .map(({ slice }) => slice);
}

function grouped<TItem>(
  items: readonly TItem[],
  keyOf: (item: TItem) => string,
): ReadonlyMap<string, readonly TItem[]> {
  const groups = new Map<string, TItem[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group === undefined) groups.set(keyOf(item), [item]);
    else group.push(item);
  }
  return groups;
}
