import { setTimeout as delay } from 'node:timers/promises';

/**
 * Begins actions at times that are set beforehand, whether or not the earlier ones have ended.
 *
 * Each is told when it should have begun: a latency that is counted from there includes what it had to wait, which
 * one that is counted from the real beginning leaves out when it matters most (coordinated omission).
 *
 * @param meanMs between two beginnings; each gap is between half and one and a half of it
 * @param random from 0 up to 1
 */
export async function openLoop(
  count: number,
  meanMs: number,
  random: () => number,
  action: (number: number, dueMs: number) => Promise<void>,
): Promise<void> {
  const running: Promise<void>[] = [];
  let due = performance.now();
  for (let number = 0; number < count; number += 1) {
    due += meanMs * (0.5 + random());
    await delay(Math.max(0, due - performance.now()));
    running.push(action(number, due));
  }
  await Promise.all(running);
}
