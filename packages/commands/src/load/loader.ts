import type { AnyAggregate, EventStore, RecordedEvent } from '@leftfold/core';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { AggregateCache } from './aggregate-cache.ts';
import type { FoldedState } from './folded.ts';
import type { HistoryRange } from './load-options.ts';

/** An aggregate's own stream. */
export interface AggregateStream {
  readonly aggregate: AnyAggregate;
  readonly streamId: string;
}

/** Recent enough for nobody. */
const BEFORE_ALL = 0;

/** Folds streams into states: from the cache or a snapshot where there is one, and always on to the log's end. */
export class Loader {
  readonly #store: EventStore;
  readonly #cache: AggregateCache;
  readonly #snapshots: Snapshots;
  /** What last met a stream without events when it had to read one: it is likely to create the next one too. */
  readonly #creators = new Set<string>();
  #arrivals = 0;

  constructor(store: EventStore, cache: AggregateCache, snapshots: Snapshots) {
    this.#store = store;
    this.#cache = cache;
    this.#snapshots = snapshots;
  }

  /** Numbers those who need a state, so that a state knows whom it is recent enough for: see {@link FoldedState.asOf}. */
  arrive(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  /** What a state is recent enough for when it is read, or appended to, from now on. */
  get asOf(): number {
    return this.#arrivals;
  }

  /**
   * A state to try first, without a round trip: the one this process knew last, or the initial one for whoever is likely
   * to create the stream. It may be behind the log.
   *
   * @param asker names the command, and the role in a decision
   */
  guess({ aggregate, streamId }: AggregateStream, asker: string): FoldedState | undefined {
    const cached = this.#cache.get(streamId);
    if (cached !== undefined || !this.#cache.isOn) return cached;
    return this.#creators.has(asker) ? startOf(aggregate, BEFORE_ALL) : undefined;
  }

  /** The present state. One round trip; with a snapshot one more, if the store does not hand out both at once. */
  async load(stream: AggregateStream, asker?: string): Promise<FoldedState> {
    const asOf = this.#arrivals;
    const cached = this.#cache.get(stream.streamId);
    if (cached !== undefined) return this.keep(stream, await this.#readOn(stream, { ...cached, asOf }));
    const loaded =
      (await this.#loadFromSnapshot(stream, asOf)) ??
      (await this.#readOn(stream, startOf(stream.aggregate, asOf)));
    if (asker !== undefined) {
      if (loaded.streamVersion === 0) this.#creators.add(asker);
      else this.#creators.delete(asker);
    }
    return this.keep(stream, loaded);
  }

  /** A state of the past. Reads the stream from its beginning, and leaves nothing in the cache. */
  async loadPast(stream: AggregateStream, range: HistoryRange): Promise<FoldedState> {
    const start = startOf(stream.aggregate, BEFORE_ALL);
    return range.to === 0
      ? start
      : this.#fold(stream.aggregate, start, this.#store.readStream(stream.streamId, range));
  }

  /** Remembers a state, and has it written as a snapshot when one is due. */
  keep(stream: AggregateStream, folded: FoldedState): FoldedState {
    const kept = this.#snapshots.saveIfDue(stream, folded);
    this.#cache.put(stream.streamId, kept);
    return kept;
  }

  forget({ streamId }: AggregateStream): void {
    this.#cache.forget(streamId);
  }

  #readOn({ aggregate, streamId }: AggregateStream, from: FoldedState): Promise<FoldedState> {
    return this.#fold(aggregate, from, this.#store.readStream(streamId, { from: from.streamVersion + 1 }));
  }

  async #fold(
    aggregate: AnyAggregate,
    from: FoldedState,
    events: AsyncIterable<RecordedEvent>,
  ): Promise<FoldedState> {
    let { state, streamVersion, position } = from;
    for await (const event of events) {
      state = aggregate.evolve(state, event);
      ({ streamVersion, position } = event);
    }
    return { ...from, state, streamVersion, position };
  }

  /**
   * Begins with a snapshot, if there is a sound one.
   *
   * The log decides: the event that the snapshot claims to end with is read again and must be where the snapshot
   * says. undefined when it is not, or anything else is wrong with the snapshot.
   */
  async #loadFromSnapshot(
    { aggregate, streamId }: AggregateStream,
    asOf: number,
  ): Promise<FoldedState | undefined> {
    const snapshot = await this.#snapshots.load({ aggregate, streamId });
    if (snapshot === undefined) return undefined;
    const { streamVersion, position, tail } = snapshot;
    const folded = { state: snapshot.state, streamVersion, position, snapshotVersion: streamVersion, asOf };
    let sound = false;
    /** @returns false when there is nothing to go on with */
    const fold = (event: RecordedEvent): boolean => {
      if (sound) {
        folded.state = aggregate.evolve(folded.state, event);
        folded.streamVersion = event.streamVersion;
        folded.position = event.position;
      } else {
        sound = event.streamVersion === streamVersion && event.position === position;
      }
      return sound;
    };
    try {
      if (tail !== undefined) tail.every(fold);
      else
        for await (const event of this.#store.readStream(streamId, { from: streamVersion }))
          if (!fold(event)) break;
    } catch (error) {
      // Whatever is wrong with the log itself shows again when it is read from the beginning.
      this.#snapshots.report(error, { aggregate, streamId });
      return undefined;
    }
    return sound ? folded : undefined;
  }
}

function startOf(aggregate: AnyAggregate, asOf: number): FoldedState {
  return { state: aggregate.initialState, streamVersion: 0, position: 0, snapshotVersion: 0, asOf };
}
