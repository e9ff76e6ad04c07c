import { setTimeout as delay } from 'node:timers/promises';

const TICK_MS = 10;
/** A process that was paused for longer does not begin what would have arrived meanwhile. */
const LONGEST_TICK_MS = 1_000;

export interface ArrivalOptions {
  /** How many arrive in a second. */
  readonly perSecond: number;
  /** How many may be under way at a time. */
  readonly atMost: number;
  /** Begins one. Must not reject. */
  readonly begin: () => Promise<void>;
  /** One arrived while as many as may be were under way, and is not begun. */
  readonly onCrowded: () => void;
  /** Whether more of them arrive. */
  readonly goesOn: () => boolean;
}

/** Begins work at a rate, whether or not what was begun before has ended. Resolves when all of it has ended. */
export async function beginAtRate({
  perSecond,
  atMost,
  begin,
  onCrowded,
  goesOn,
}: ArrivalOptions): Promise<void> {
  const underWay = new Set<Promise<void>>();
  let due = 0;
  for (let last = performance.now(); goesOn(); ) {
    await delay(TICK_MS);
    const now = performance.now();
    due += (Math.min(now - last, LONGEST_TICK_MS) / 1_000) * perSecond;
    last = now;
    for (; due >= 1; due -= 1) {
      if (underWay.size >= atMost) {
        onCrowded();
        continue;
      }
      const one = begin().finally(() => underWay.delete(one));
      underWay.add(one);
    }
  }
  await Promise.all(underWay);
}
