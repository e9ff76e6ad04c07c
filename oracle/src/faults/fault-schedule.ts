import { pause } from '@leftfold/postgres';
import { Random } from '../random.ts';
import type { Fault, FaultRun } from './fault.ts';

/** Injects faults at random times, each in a loop of its own, until it is stopped. */
export class FaultSchedule {
  readonly #stop = new AbortController();
  readonly #pace: number;
  readonly #counts = new Map<string, number>();
  readonly #loops: readonly Promise<void>[];

  /** @param pace how much longer the time before each fault is. @default 1 */
  constructor(faults: readonly Fault[], seed: number, pace = 1) {
    this.#pace = pace;
    this.#loops = faults.map((fault) => this.#repeat(fault, new Random(seed, fault.counted)));
  }

  /** Resolves when every fault is over. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#loops);
  }

  /** How many faults there were. */
  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }

  /** `backends killed: 12, crashes of the server: 1` */
  toString(): string {
    return [...this.#counts].map(([counted, count]) => `${counted}: ${count}`).join(', ');
  }

  async #repeat({ counted, everyMs, isShare = false, inject }: Fault, random: Random): Promise<void> {
    const { signal } = this.#stop;
    const run: FaultRun = { random, signal, pause: (milliseconds) => pause(milliseconds, signal) };
    this.#counts.set(counted, 0);
    for (;;) {
      await pause((isShare ? 1 : this.#pace) * random.between(...everyMs), signal);
      if (signal.aborted) return;
      try {
        if (await inject(run)) this.#counts.set(counted, (this.#counts.get(counted) ?? 0) + 1);
      } catch {
        // The database is down just now, by another fault.
      }
    }
  }
}
