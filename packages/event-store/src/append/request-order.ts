import type { AppendRequest } from '@leftfold/core/append';
import { lockedWords } from '../sql/queried-words.ts';

/** A request between `enter` and `leave`. */
export class Place {
  /** How many were entered before it. */
  readonly number: number;
  readonly request: AppendRequest;
  /** Earlier requests that it waits for, one for each stream, tag or type that they share. */
  blockers = 0;
  readonly followers: Place[] = [];

  constructor(number: number, request: AppendRequest) {
    this.number = number;
    this.request = request;
  }

  follow(earlier: Place): void {
    earlier.followers.push(this);
    this.blockers += 1;
  }
}

interface WordPlaces {
  /** The last request whose condition queries the word. */
  queried: Place | undefined;
  /** Requests since then that write the word. */
  readonly written: Set<Place>;
}

/** The order of the requests that write a word, such as a tag, or query it: those that write it share it. */
class WordOrder {
  readonly #words = new Map<string, WordPlaces>();

  query(place: Place, word: string): void {
    const places = this.#placesOf(word);
    if (places.written.size > 0) for (const writer of places.written) place.follow(writer);
    else if (places.queried !== undefined) place.follow(places.queried);
    places.queried = place;
    places.written.clear();
  }

  write(place: Place, word: string): void {
    const places = this.#placesOf(word);
    if (places.queried === place) return;
    if (places.queried !== undefined) place.follow(places.queried);
    places.written.add(place);
  }

  forget(place: Place, word: string): void {
    const places = this.#words.get(word);
    if (places === undefined) return;
    if (places.queried === place) places.queried = undefined;
    places.written.delete(place);
    if (places.queried === undefined && places.written.size === 0) this.#words.delete(word);
  }

  #placesOf(word: string): WordPlaces {
    let places = this.#words.get(word);
    if (places === undefined) this.#words.set(word, (places = { queried: undefined, written: new Set() }));
    return places;
  }
}

/**
 * The order of requests that may not be sent together. A stream, or a tag or type that a condition queries, excludes other
 * requests; a tag or type of an event is shared with other writers of it.
 *
 * Each request waits for the last ones before it on each of its streams, tags and types, so that entering and leaving
 * cost the same however many wait.
 */
export class RequestOrder<TPlace extends Place = Place> {
  /** The last request for each stream. */
  readonly #streams = new Map<string, Place>();
  readonly #tags = new WordOrder();
  readonly #types = new WordOrder();
  /** Of one word, which every request with events writes. */
  readonly #log = new WordOrder();

  /** @returns whether nothing before it excludes it */
  enter(place: TPlace): boolean {
    const { streams, tags, types, condition } = place.request;
    for (const { streamId } of streams) {
      const earlier = this.#streams.get(streamId);
      if (earlier !== undefined) place.follow(earlier);
      this.#streams.set(streamId, place);
    }
    const queried = lockedWords(condition);
    if (queried === undefined) this.#log.query(place, '');
    for (const tag of queried?.tags ?? []) this.#tags.query(place, tag);
    for (const type of queried?.types ?? []) this.#types.query(place, type);
    for (const tag of tags) this.#tags.write(place, tag);
    for (const type of types) this.#types.write(place, type);
    if (types.size > 0) this.#log.write(place, '');
    return place.blockers === 0;
  }

  /** @returns those that waited for it, and for no other one any more */
  leave(place: TPlace): readonly TPlace[] {
    const { streams, tags, types, condition } = place.request;
    for (const { streamId } of streams)
      if (this.#streams.get(streamId) === place) this.#streams.delete(streamId);
    const queried = lockedWords(condition);
    for (const tag of queried?.tags ?? []) this.#tags.forget(place, tag);
    for (const type of queried?.types ?? []) this.#types.forget(place, type);
    for (const tag of tags) this.#tags.forget(place, tag);
    for (const type of types) this.#types.forget(place, type);
    this.#log.forget(place, '');
    // Only places of this type are entered.
    return (place.followers as TPlace[]).filter((follower) => {
      follower.blockers -= 1;
      return follower.blockers === 0;
    });
  }
}
