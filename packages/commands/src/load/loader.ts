import {
  type AnyAggregate,
  type AppendLock,
  type EventStore,
  freezeWhole,
  frozen,
  type StoredPlace,
  type StreamEvents,
} from '@leftfold/core';
import { RecentNames } from '../recent/recent-names.ts';
import type { Snapshots } from '../snapshot/snapshots.ts';
import type { AggregateCache } from './aggregate-cache.ts';
import type { FoldedState } from './folded.ts';
import type { HistoryRange } from './load-options.ts';

/** An aggregate's own stream. */
export interface AggregateStream {
  readonly aggregate: AnyAggregate;
  readonly streamId: string;
}

interface LoadFrom {
  readonly requester?: string;
  readonly lock?: AppendLock | undefined;
}

/** Older than every request. */
const OLDER_THAN_EVERY_REQUEST = 0;

/** Folds streams into states, starting from the cache or a snapshot if there is one. */
export class Loader {
  readonly #store: EventStore;
  readonly #cache: AggregateCache;
  readonly #snapshots: Snapshots;
  /** Commands whose last load found an empty stream: they probably create the next stream too. */
  readonly #creators = new RecentNames();
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

  /**
   * The current state. One round trip; two more with a snapshot, unless the store returns the tail with it, or when the log
   * has lost the last event of the cached state.
   *
   * @param options.requester as of {@link guess}
   * @param options.lock reads the stream, on the only connection that it can be sure of: no snapshot
   */
  async load(stream: AggregateStream, { requester, lock }: LoadFrom = {}): Promise<FoldedState> {
    const asOf = this.#arrivals;
    const cached = this.#cached(stream.streamId);
    if (cached !== undefined) {
      const current = await this.#readOnCached(stream, { ...cached, asOf }, lock);
      if (current !== undefined) return this.keep(stream, current);
      this.forget(stream);
    }
    const loaded =
      (lock === undefined ? await this.#loadFromSnapshot(stream, asOf) : undefined) ??
      (await this.#readOn(stream, this.#startOf(stream.aggregate, asOf), lock));
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

  /**
   * Makes sure that who gets a state cannot change the cached one: its parts are frozen, and one with parts that cannot
   * be, such as a `Date`, leaves the cache. Only for states that leave the executor, since it looks at all of the state.
   */
  handOut(stream: AggregateStream, { state }: FoldedState): void {
    if (!freezeWhole(state)) this.forget(stream);
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

  #readOn(
    { aggregate, streamId }: AggregateStream,
    from: FoldedState,
    store: Pick<EventStore, 'readStream'> = this.#store,
  ): Promise<FoldedState> {
    return this.#fold(aggregate, from, store.readStream(streamId, { from: from.streamVersion + 1 }));
  }

  /**
   * The log is authoritative: the last event of the cached state is read again.
   *
   * @returns undefined when it is not found: the log went back, or the event is retired and read as nothing
   */
  async #readOnCached(
    { aggregate, streamId }: AggregateStream,
    cached: FoldedState,
    store: Pick<EventStore, 'readStream'> = this.#store,
  ): Promise<FoldedState | undefined> {
    const { streamVersion, position, eventId } = cached;
    const events = store.readStream(streamId, { from: Math.max(streamVersion, 1) });
    let { state } = cached;
    let isFound = streamVersion === 0;
    const find = () => {
      isFound ||= events.last?.position === position && events.last.id === eventId;
      return isFound;
    };
    for await (const event of events) {
      if (!find()) return undefined;
      if (event.streamVersion > streamVersion) state = aggregate.evolve(state, event);
    }
    return find() ? { ...cached, state, ...lastOf(events.last) } : undefined;
  }

  /** Versions count stored events: the last one may be read as several events, or as nothing. */
  async #fold(aggregate: AnyAggregate, from: FoldedState, events: StreamEvents): Promise<FoldedState> {
    let { state } = from;
    for await (const event of events) state = aggregate.evolve(state, event);
    return { ...from, state, ...lastOf(events.last) };
  }

  /**
   * Loads from a snapshot, if there is a valid one.
   *
   * The log is authoritative: the snapshot's last event is read again and must be at the version and position that the
   * snapshot states. Returns undefined when it is not, or when the snapshot cannot be used.
   */
  async #loadFromSnapshot(stream: AggregateStream, asOf: number): Promise<FoldedState | undefined> {
    const { era } = this.#store;
    const { aggregate } = stream;
    const snapshot = await this.#snapshots.load(stream);
    if (snapshot === undefined) return undefined;
    const { state, streamVersion, position, tail } = snapshot;
    try {
      const first = tail === undefined ? await this.#placeAt(stream, streamVersion) : tail.first;
      if (first?.streamVersion !== streamVersion || first.position !== position) return undefined;
      const folded = { state, ...lastOf(first), snapshotVersion: streamVersion, asOf, era };
      if (tail === undefined) return await this.#readOn(stream, folded);
      const next = tail.events.reduce((before, event) => aggregate.evolve(before, event), state);
      return { ...folded, state: next, ...lastOf(tail.last) };
    } catch (error) {
      // An error in the log itself occurs again when the stream is read from its beginning.
      this.#snapshots.report(error, stream);
      return undefined;
    }
  }

  async #placeAt({ streamId }: AggregateStream, version: number): Promise<StoredPlace | undefined> {
    const events = this.#store.readStream(streamId, { from: version, to: version });
    for await (const _ of events);
    return events.last;
  }
}

function lastOf(place: StoredPlace): Pick<FoldedState, 'streamVersion' | 'position' | 'eventId'>;
function lastOf(place: StoredPlace | undefined): Partial<FoldedState>;
function lastOf(place: StoredPlace | undefined): Partial<FoldedState> {
  if (place === undefined) return {};
  const { streamVersion, position, id: eventId } = place;
  return { streamVersion, position, eventId };
}
