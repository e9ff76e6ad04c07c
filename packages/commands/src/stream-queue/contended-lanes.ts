import { RecentNames } from '../recent/recent-names.ts';

/**
 * The lanes on which other processes were faster lately.
 *
 * A command that shares one would probably be refused, and so begins with its locks. It is taken out again when no other
 * process came in between. A lane that is forgotten costs one refused append.
 */
export class ContendedLanes {
  readonly #lanes = new RecentNames();

  add(lanes: readonly string[]): void {
    for (const lane of lanes) this.#lanes.add(lane);
  }

  remove(lanes: readonly string[]): void {
    for (const lane of lanes) this.#lanes.delete(lane);
  }

  hasAny(lanes: readonly string[]): boolean {
    return lanes.some((lane) => this.#lanes.has(lane));
  }
}
