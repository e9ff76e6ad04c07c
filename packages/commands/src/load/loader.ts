import { type AnyAggregate, type EventStore, type RecordedEvent, frozen } from '@leftfold/core';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { AggregateCache } from './aggregate-cache.ts';
import type { FoldedState } from './folded.ts';
import type { HistoryRange } from './load-options.ts';

/** An aggregate's own stream. */
export interface AggregateStream {
  readonly aggregate: AnyAggregate;
  readonly streamId: string;
}

/** Older than every request. */
const OLDER_THAN_EVERY_REQUEST = 0;

/** Folds streams into states, starting from the cache or a snapshot if there is one. */
export class Loader {
  readonly #store: EventStore;
  readonly #cache: AggregateCache;
  readonly #snapshots: Snapshots;
  /** Commands whose last load found an empty stream: they probably create the next stream too. */
  readonly #creators = new Set<string>();
  #arrivals = 0;

  constructor(store: EventStore, cache: AggregateCache, snapshots: Snapshots) {
    this.#store = store;
    this.#cache = cache;
    this.#snapshots = snapshots;
  }

  /** Numbers a request for a state; see {@link FoldedState.asOf}. */
  arrive(): number {
    this.#arrivals += 1;
    return this.#arrivals;
  }

  /** The `asOf` of a state that is read or appended to from now on. */
  get asOf(): number {
    return this.#arrivals;
  }

  /**
   * A state to try first, without a round trip: the cached one, or the initial one for a command that probably creates
   * the stream. It may be older than the log.
   *
   * @param requester name of the command, and the role in a decision
   */
  guess({ aggregate, streamId }: AggregateStream, requester: string): FoldedState | undefined {
    const cached = this.#cached(streamId);
    if (cached !== undefined || !this.#cache.isOn) return cached;
    return this.#creators.has(requester) ? this.#startOf(aggregate, OLDER_THAN_EVERY_REQUEST) : undefined;
  }

  /** The current state. One round trip; one more with a snapshot, unless the store returns the tail with it. */
  async load(stream: AggregateStream, requester?: string): Promise<FoldedState> {
    const asOf = this.#arrivals;
    const cached = this.#cached(stream.streamId);
    if (cached !== undefined) return this.keep(stream, await this.#readOn(stream, { ...cached, asOf }));
    const loaded =
      (await this.#loadFromSnapshot(stream, asOf)) ??
      (await this.#readOn(stream, this.#startOf(stream.aggregate, asOf)));
    if (requester !== undefined) {
      if (loaded.streamVersion === 0) this.#creators.add(requester);
      else this.#creators.delete(requester);
    }
    return this.keep(stream, loaded);
  }

  /** A historical state. Reads the stream from its beginning and does not touch the cache. */
  async loadPast(stream: AggregateStream, range: HistoryRange): Promise<FoldedState> {
    const start = this.#startOf(stream.aggregate, OLDER_THAN_EVERY_REQUEST);
    return range.to === 0
      ? start
      : this.#fold(stream.aggregate, start, this.#store.readStream(stream.streamId, range));
  }

  /**
   * Caches a state, and starts writing a snapshot when one is due.
   *
   * Outside of production the state is frozen: an `evolve` that changes it in place then throws, instead of changing
   * what other commands see.
   */
  keep(stream: AggregateStream, folded: FoldedState): FoldedState {
    const kept = this.#snapshots.saveIfDue(stream, folded);
    if (process.env['NODE_ENV'] !== 'production') frozen(kept.state);
    this.#cache.put(stream.streamId, kept);
    return kept;
  }

  forget({ streamId }: AggregateStream): void {
    this.#cache.forget(streamId);
  }

  /** A state of an earlier era may come from events that the log no longer has. */
  #cached(streamId: string): FoldedState | undefined {
    const cached = this.#cache.get(streamId);
    return cached?.era === this.#store.era ? cached : undefined;
  }

  #startOf(aggregate: AnyAggregate, asOf: number): FoldedState {
    const { era } = this.#store;
    const { initialState: state } = aggregate;
    return { state, streamVersion: 0, position: 0, eventId: undefined, snapshotVersion: 0, asOf, era };
  }

  #readOn({ aggregate, streamId }: AggregateStream, from: FoldedState): Promise<FoldedState> {
    return this.#fold(aggregate, from, this.#store.readStream(streamId, { from: from.streamVersion + 1 }));
  }

  async #fold(
    aggregate: AnyAggregate,
    from: FoldedState,
    events: AsyncIterable<RecordedEvent>,
  ): Promise<FoldedState> {
    let { state, streamVersion, position, eventId } = from;
    for await (const event of events) {
      state = aggregate.evolve(state, event);
      ({ streamVersion, position, id: eventId } = event);
    }
    return { ...from, state, streamVersion, position, eventId };
  }

  /**
   * Loads from a snapshot, if there is a valid one.
   *
   * The log is authoritative: the snapshot's last event is read again and must be at the version and position that the
   * snapshot states. Returns undefined when it is not, or when the snapshot cannot be used.
   */
  async #loadFromSnapshot(
    { aggregate, streamId }: AggregateStream,
    asOf: number,
  ): Promise<FoldedState | undefined> {
    const { era } = this.#store;
    const snapshot = await this.#snapshots.load({ aggregate, streamId });
    if (snapshot === undefined) return undefined;
    const { streamVersion, position, tail } = snapshot;
    const folded = {
      state: snapshot.state,
      streamVersion,
      position,
      eventId: '',
      snapshotVersion: streamVersion,
      asOf,
      era,
    };
    let sound = false;
    /** @returns false when the snapshot does not match the log */
    const fold = (event: RecordedEvent): boolean => {
      if (sound) {
        folded.state = aggregate.evolve(folded.state, event);
        folded.streamVersion = event.streamVersion;
        folded.position = event.position;
      } else {
        sound = event.streamVersion === streamVersion && event.position === position;
      }
      folded.eventId = event.id;
      return sound;
    };
    try {
      if (tail !== undefined) tail.every(fold);
      else
        for await (const event of this.#store.readStream(streamId, { from: streamVersion }))
          if (!fold(event)) break;
    } catch (error) {
      // An error in the log itself occurs again when the stream is read from its beginning.
      this.#snapshots.report(error, { aggregate, streamId });
      return undefined;
    }
    return sound ? folded : undefined;
  }
}
