import type { RecordedEvent } from '@leftfold/core';
import { BatchFailure } from '../handler/batch-failure.ts';
import type { SubscriptionPage } from '../handler/subscription-handler.ts';
import type { Failure, ParkedPlace, ParkingChange, ParkingChanges } from '../sql/parking-change.ts';
import { type FailedEvent, toFailure } from './failure.ts';
import { type KeysOf, storedKey } from './keys-of.ts';

/** Most keys of a slice that can be parked. So many failures have one cause, and stopping shows it. */
const MAX_PARKED_KEYS = 10_000;

interface MutableChange {
  readonly to: number;
  readonly parked: ParkedPlace[];
  readonly failures: Failure[];
  readonly resumed: ParkedPlace[];
  readonly freed: string[];
}

/**
 * The parked keys of one lease term, and what the batches that are not written yet do with them.
 *
 * Each statement that moves the checkpoint takes the changes of its range from here, whatever the handler is: an event
 * that was taken out of a page is set aside with the page, or the page is not written.
 */
export class ParkingLedger implements ParkingChanges {
  readonly keysOf: KeysOf;
  readonly #keys: Set<string>;
  readonly #givenUp = new Map<number, Set<string>>();
  #changes: MutableChange[] = [];

  /** @param givenUp after the checkpoint: of a copy, whose events were given up before it came to them */
  constructor(keysOf: KeysOf, keys: Iterable<string>, givenUp: Iterable<ParkedPlace> = []) {
    this.keysOf = keysOf;
    this.#keys = new Set(keys);
    for (const { key, position } of givenUp) {
      const given = this.#givenUp.get(position);
      if (given === undefined) this.#givenUp.set(position, new Set([key]));
      else given.add(key);
    }
  }

  /** Number of parked keys. */
  get size(): number {
    return this.#keys.size;
  }

  /** So many keys are parked that no more can be. */
  get isFull(): boolean {
    return this.#keys.size >= MAX_PARKED_KEYS;
  }

  isParked(key: string): boolean {
    return this.#keys.has(key);
  }

  changeOf(from: number, to: number): ParkingChange | undefined {
    const changes = this.#changes.filter((change) =>
      from === to ? change.to === to : change.to > from && change.to <= to,
    );
    if (changes.length <= 1) return changes[0];
    return {
      parked: changes.flatMap(({ parked }) => parked),
      failures: changes.flatMap(({ failures }) => failures),
      resumed: changes.flatMap(({ resumed }) => resumed),
      freed: changes.flatMap(({ freed }) => freed),
    };
  }

  #isGivenUp({ position }: RecordedEvent, key: string): boolean {
    return this.#givenUp.get(position)?.has(key) === true;
  }

  /**
   * Takes the events of parked keys out of a page, and those that were given up. An event with several keys stays for those that are not parked.
   *
   * @throws BatchFailure for an event whose keys cannot be found out
   */
  divide(page: SubscriptionPage): SubscriptionPage {
    if (this.#keys.size === 0 && this.#givenUp.size === 0) return page;
    const { to } = page;
    const parked: ParkedPlace[] = [];
    const addPlace = placesInto(parked);
    let whole = true;
    const events = page.events.filter((event, before) => {
      const keys = this.#keysIn(page, event, before);
      const wanted = keys.filter((key) => !this.#isGivenUp(event, key));
      const held = wanted.filter((key) => this.#keys.has(key));
      for (const key of held) addPlace({ key, position: event.position });
      const left = wanted.length - held.length;
      if (left < keys.length) whole = false;
      return left > 0 || keys.length === 0;
    });
    if (whole) return page;
    if (parked.length > 0) this.#changes.push({ ...emptyChange(to), parked });
    const { includes } = page;
    return {
      ...page,
      events,
      includes: (event, key) => {
        const stored = storedKey(key);
        return !this.#keys.has(stored) && !this.#isGivenUp(event, stored) && includes?.(event, key) !== false;
      },
    };
  }

  #keysIn({ events }: SubscriptionPage, event: RecordedEvent, before: number): readonly string[] {
    try {
      return this.keysOf(event);
    } catch (error) {
      const failing = { event, before };
      throw new BatchFailure(error, { eventCount: events.length, firstEvent: events[0], failing });
    }
  }

  /**
   * Sets a stored event aside that was not processed, for all of its keys, with the batch that ends at its position.
   *
   * @param events what it is read as
   * @returns the keys that were not parked before; undefined, and nothing is set aside, when too many would be parked
   */
  park(failed: FailedEvent, events: readonly RecordedEvent[]): readonly string[] | undefined {
    const { event } = failed;
    const ofEvent = new Set([event, ...events].flatMap((one) => this.keysOf(one)));
    const keys = [...ofEvent].filter((key) => !this.#isGivenUp(event, key));
    const fresh = keys.filter((key) => !this.#keys.has(key));
    if (this.#keys.size + fresh.length > MAX_PARKED_KEYS) return undefined;
    this.#changes.push({
      ...emptyChange(event.position),
      parked: keys.map((key) => ({ key, position: event.position })),
      failures: fresh.map((key) => toFailure(key, failed)),
    });
    for (const key of fresh) this.#keys.add(key);
    return fresh;
  }

  /** Sets events of a page aside that were not processed. */
  setAside(to: number, parked: readonly ParkedPlace[], failures: readonly Failure[]): void {
    this.#changes.push({ ...emptyChange(to), parked: [...parked], failures: [...failures] });
    for (const { key } of failures) this.#keys.add(key);
  }

  /** Of the events that are resumed, only these were processed. */
  resumeOnly(
    at: number,
    resumed: readonly ParkedPlace[],
    freed: readonly string[],
    failures: readonly Failure[],
  ): void {
    this.#changes = this.#changes.filter(({ to }) => to !== at);
    this.#changes.push({
      to: at,
      parked: [],
      failures: [...failures],
      resumed: [...resumed],
      freed: [...freed],
    });
  }

  /** What was to be resumed by the batch at a position. */
  resumedAt(at: number): Pick<ParkingChange, 'resumed' | 'freed'> {
    return (
      this.#changes.find(({ to, resumed, freed }) => to === at && resumed.length + freed.length > 0) ??
      emptyChange(at)
    );
  }

  /** Events of a parked key are processed, by a batch that leaves the checkpoint where it is. */
  resume(at: number, places: readonly ParkedPlace[], freed: readonly string[]): void {
    this.#changes.push({ ...emptyChange(at), resumed: [...places], freed: [...freed] });
  }

  /** The first event of a parked key failed again. */
  parkAgain(at: number, key: string, failed: FailedEvent): void {
    this.#changes.push({ ...emptyChange(at), failures: [toFailure(key, failed)] });
  }

  /** Everything up to this position is written. */
  written(to: number): void {
    const written = this.#changes.filter((change) => change.to <= to);
    this.#changes = this.#changes.filter((change) => change.to > to);
    for (const { freed } of written) for (const key of freed) this.#keys.delete(key);
  }

  /** A batch was not written: nothing is to be done with keys. */
  discard(): void {
    this.#changes = [];
  }

  /** A page for events that were set aside: each is processed for the key that it was set aside for. */
  pageOf(
    at: number,
    places: readonly ParkedPlace[],
    events: readonly RecordedEvent[],
    failedBefore: SubscriptionPage['failedBefore'],
  ): SubscriptionPage {
    const included = new Set(places.map(({ key, position }) => `${position} ${key}`));
    const includes = ({ position }: RecordedEvent, key: string) =>
      included.has(`${position} ${storedKey(key)}`);
    const ofKeys = events.filter((event) => this.keysOf(event).some((key) => includes(event, key)));
    return { from: at, to: at, events: ofKeys, includes, failedBefore };
  }
}

/** Adds places, those of one position one after another, each once: a stored event can be read as several with one key. */
function placesInto(places: ParkedPlace[]): (place: ParkedPlace) => void {
  let at: number | undefined;
  let keys = new Set<string>();
  return ({ key, position }) => {
    if (position !== at) keys = new Set();
    at = position;
    if (keys.has(key)) return;
    keys.add(key);
    places.push({ key, position });
  };
}

function emptyChange(to: number): MutableChange {
  return { to, parked: [], failures: [], resumed: [], freed: [] };
}
