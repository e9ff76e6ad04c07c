import type { Fault } from '../../faults/fault.ts';
import type { RestartedProcess } from '../../process/restarted-process.ts';
import type { Random } from '../../random.ts';
import type { Order } from './app-process.ts';
import { LEASE_MS } from './lease.ts';
import { firstRelease, type Release } from './release.ts';

/** Rolls releases out over the processes, one after the other or only to some of them. */
export class Deployments {
  readonly faults: readonly Fault[];
  readonly #processes: readonly RestartedProcess[];
  readonly #running = new Map<RestartedProcess, Release>();
  #newest = firstRelease;

  constructor(processes: readonly RestartedProcess[]) {
    this.#processes = processes;
    this.faults = [
      {
        counted: 'releases deployed',
        everyMs: [2_000, 6_000],
        inject: async ({ random, pause, signal }) => {
          this.#newest = nextRelease(this.#newest, random);
          for (const each of this.#processes) {
            if (signal.aborted) break;
            // The others stay with the older release, side by side with this one.
            if (random.chance(0.8)) this.#deploy(each, this.#newest, 0);
            await pause(random.between(0, 500));
          }
          return true;
        },
      },
      {
        counted: 'processes removed and added',
        everyMs: [2_000, 6_000],
        inject: async ({ random }) => {
          const one = random.pick(this.#processes);
          this.#deploy(one, this.#running.get(one) ?? firstRelease, random.between(100, 4_000));
          return true;
        },
      },
      {
        counted: 'processes paused beyond their leases',
        everyMs: [1_500, 4_000],
        inject: ({ random, pause }) =>
          random.pick(this.#processes).stallFor(pause(random.between(LEASE_MS, 3 * LEASE_MS))),
      },
    ];
  }

  /** Runs one release everywhere, without any more commands. @returns it */
  finish(): Release {
    const { number } = this.#newest;
    this.#newest = { ...this.#newest, number: number + 10 };
    for (const each of this.#processes) this.#deploy(each, this.#newest, 0, false);
    return this.#newest;
  }

  #deploy(one: RestartedProcess, release: Release, awayMs: number, commands = true): void {
    this.#running.set(one, release);
    one.tell({ do: 'deploy', release, awayMs, commands } satisfies Order);
  }
}

function nextRelease({ number, totalsVersion, noticesVersion }: Release, random: Random): Release {
  const slices = () => random.between(1, 4);
  return {
    number: number + 1,
    slices: {
      groups: slices(),
      cards: slices(),
      pairs: slices(),
      counters: slices(),
      notices: slices(),
      tallies: slices(),
    },
    totalsVersion: totalsVersion + (random.chance(0.2) ? 1 : 0),
    noticesVersion: noticesVersion + (random.chance(0.2) ? 1 : 0),
    inline: random.chance(0.6),
  };
}
