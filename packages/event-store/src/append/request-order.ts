import type { AppendRequest } from '@leftfold/core/append';

/** A request between `enter` and `leave`. */
export class Place {
  /** How many were entered before it. */
  readonly number: number;
  readonly request: AppendRequest;
  /** Earlier requests that it waits for, one for each stream or tag that they share. */
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

interface TagPlaces {
  /** The last request whose condition queries the tag. */
  queried: Place | undefined;
  /** Requests since then that write the tag. */
  readonly written: Set<Place>;
}

/**
 * The order of requests that may not be sent together. A stream, or a tag that a condition queries, excludes other
 * requests; a tag of an event is shared with other writers of the tag.
 *
 * Each request waits for the last ones before it on each of its streams and tags, so that entering and leaving cost the
 * same however many wait.
 */
export class RequestOrder<TPlace extends Place = Place> {
  /** The last request for each stream. */
  readonly #streams = new Map<string, Place>();
  readonly #tags = new Map<string, TagPlaces>();

  /** @returns whether nothing before it excludes it */
  enter(place: TPlace): boolean {
    const { streams, tags, condition } = place.request;
    for (const { streamId } of streams) {
      const earlier = this.#streams.get(streamId);
      if (earlier !== undefined) place.follow(earlier);
      this.#streams.set(streamId, place);
    }
    const queried = queriedTags(condition);
    for (const tag of queried) this.#query(place, tag);
    for (const tag of tags) if (!queried.has(tag)) this.#write(place, tag);
    return place.blockers === 0;
  }

  /** @returns those that waited for it, and for no other one any more */
  leave(place: TPlace): readonly TPlace[] {
    const { streams, tags, condition } = place.request;
    for (const { streamId } of streams)
      if (this.#streams.get(streamId) === place) this.#streams.delete(streamId);
    for (const tag of queriedTags(condition)) this.#forget(place, tag);
    for (const tag of tags) this.#forget(place, tag);
    // Only places of this type are entered.
    return (place.followers as TPlace[]).filter((follower) => {
      follower.blockers -= 1;
      return follower.blockers === 0;
    });
  }

  #query(place: Place, tag: string): void {
    const places = this.#placesOf(tag);
    if (places.written.size > 0) for (const writer of places.written) place.follow(writer);
    else if (places.queried !== undefined) place.follow(places.queried);
    places.queried = place;
    places.written.clear();
  }

  #write(place: Place, tag: string): void {
    const places = this.#placesOf(tag);
    if (places.queried !== undefined) place.follow(places.queried);
    places.written.add(place);
  }

  #placesOf(tag: string): TagPlaces {
    let places = this.#tags.get(tag);
    if (places === undefined) this.#tags.set(tag, (places = { queried: undefined, written: new Set() }));
    return places;
  }

  #forget(place: Place, tag: string): void {
    const places = this.#tags.get(tag);
    if (places === undefined) return;
    if (places.queried === place) places.queried = undefined;
    places.written.delete(place);
    if (places.queried === undefined && places.written.size === 0) this.#tags.delete(tag);
  }
}

/** The first tag of each query, as the database locks it. */
function queriedTags(condition: AppendRequest['condition']): ReadonlySet<string> {
  return condition === undefined ? NONE : new Set(condition.queries.map(({ tags: [tag] }) => tag));
}

const NONE: ReadonlySet<string> = new Set();
