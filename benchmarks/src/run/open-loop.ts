import { setTimeout as delay } from 'node:timers/promises';

/**
 * Begins actions at scheduled times, whether or not earlier actions have ended.
 *
 * Each action gets the time when it was due. A latency measured from there includes the time that the action had to
 * wait. Measured from the real start, it would leave that out (coordinated omission).
 *
 * @param meanMs mean time between two starts; each gap is between half and one and a half of it
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
