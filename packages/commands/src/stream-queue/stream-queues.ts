/** A lane that work runs in. */
export interface LaneUse {
  /** A stream, or a tag that decisions read. */
  readonly lane: string;
  /** What decides whether it shares the lane. undefined for work that is alone in it. */
  readonly types?: LaneTypes | undefined;
}

/** Types of events. */
export interface LaneTypes {
  /** Those that work reads by the tag of its lane. */
  readonly read: readonly string[];
  /** Those that it probably appends. */
  readonly appended: Iterable<string>;
}

/**
 * Runs work in the same lane one after another within this process, first come, first served. Work that appends no event
 * which other work of the lane reads runs beside it.
 *
 * This only saves retries: concurrent commands to one stream, or on one tag, would conflict in the store. Across
 * processes, the expected version and the condition of each append are what protects them.
 */
export class StreamQueues {
  /** The groups of each lane, in their order. */
  readonly #lanes = new Map<string, LaneGroup[]>();

  /** Runs `work` after all earlier work in any of these lanes that it cannot run beside. */
  async take<TResult>(uses: readonly LaneUse[], work: () => Promise<TResult>): Promise<TResult> {
    // All lanes are entered in the same tick, so they agree on the order and cannot deadlock.
    const groups = uses.map((use) => this.#enter(use));
    for (const group of groups) await group.started;
    try {
      return await work();
    } finally {
      uses.forEach(({ lane }, index) => this.#leave(lane, groups[index]!));
    }
  }

  /** Starts everything queued in these lanes at once. */
  open(lanes: readonly string[]): void {
    for (const lane of lanes) for (const group of this.#lanes.get(lane) ?? []) group.start();
  }

  #enter({ lane, types }: LaneUse): LaneGroup {
    const groups = this.#lanes.get(lane) ?? [];
    if (groups.length === 0) this.#lanes.set(lane, groups);
    const last = groups.at(-1);
    const group = last?.admits(types) === true ? last : new LaneGroup(groups.length === 0);
    if (group !== last) groups.push(group);
    group.enter(types);
    return group;
  }

  #leave(lane: string, group: LaneGroup): void {
    group.leave();
    const groups = this.#lanes.get(lane);
    if (groups === undefined || !group.isEmpty) return;
    groups.splice(groups.indexOf(group), 1);
    const [next] = groups;
    if (next === undefined) this.#lanes.delete(lane);
    else next.start();
  }
}

const STARTED = Promise.resolve();

/** Work that runs side by side in a lane. */
class LaneGroup {
  readonly started: Promise<void> = STARTED;
  readonly #read = new Set<string>();
  readonly #appended = new Set<string>();
  #isShared = true;
  #count = 0;
  #start = () => {};

  constructor(isFirst: boolean) {
    if (isFirst) return;
    this.started = new Promise<void>((resolve) => {
      this.#start = resolve;
    });
  }

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  admits(types: LaneTypes | undefined): boolean {
    if (types === undefined || !this.#isShared) return false;
    if (types.read.some((type) => this.#appended.has(type))) return false;
    for (const type of types.appended) if (this.#read.has(type)) return false;
    return true;
  }

  enter(types: LaneTypes | undefined): void {
    this.#count += 1;
    if (types === undefined) {
      this.#isShared = false;
      return;
    }
    for (const type of types.read) this.#read.add(type);
    for (const type of types.appended) this.#appended.add(type);
  }

  leave(): void {
    this.#count -= 1;
  }

  start(): void {
    this.#start();
  }
}
