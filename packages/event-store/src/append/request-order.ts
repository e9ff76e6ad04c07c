import { lockedWords } from '../sql/queried-words.ts';
import type { Place } from './place.ts';
import { WordOrder } from './word-order.ts';

/**
 * The order of requests that may not be sent together. A stream excludes other requests; so does an event that the
 * condition of another request matches. Those that the database would make wait for each other's locks although neither
 * excludes the other, such as two conditions on one tag, may be sent together, and not while one of them is in flight.
 *
 * Each request waits for the last ones before it on each of its streams, tags and types, so that entering and leaving
 * cost the same however many wait.
 */
export class RequestOrder<TPlace extends Place = Place> {
  /** The last request for each stream. */
  readonly #streams = new Map<string, Place>();
  readonly #tags: WordOrder;
  readonly #types: WordOrder;
  /** Of one word, which every request with events writes. */
  readonly #log: WordOrder;

  /** @param maxTogether how many requests can be sent together */
  constructor(maxTogether: number) {
    this.#tags = new WordOrder(maxTogether);
    this.#types = new WordOrder(maxTogether);
    this.#log = new WordOrder(maxTogether);
  }

  /** @returns whether nothing before it excludes it */
  enter(place: TPlace): boolean {
    const { streams, tags, types, condition } = place.request;
    for (const { streamId } of streams) {
      const earlier = this.#streams.get(streamId);
      if (earlier !== undefined) place.follow(earlier);
      this.#streams.set(streamId, place);
    }
    const queried = lockedWords(condition);
    if (queried === undefined) this.#log.enter(place, '', 'query');
    for (const tag of queried?.tags ?? []) this.#tags.enter(place, tag, 'query');
    for (const type of queried?.types ?? []) this.#types.enter(place, type, 'query');
    for (const tag of tags) this.#tags.enter(place, tag, 'write');
    for (const type of types) this.#types.enter(place, type, 'write');
    if (types.size > 0) this.#log.enter(place, '', 'write');
    return place.blockers === 0;
  }

  /** From now on its locks may be held: no request joins it that would wait for them. */
  send(place: TPlace): void {
    for (const group of place.groups) group.close();
  }

  /** @returns those that waited for it, and for nothing else any more */
  leave(place: TPlace): readonly TPlace[] {
    for (const { streamId } of place.request.streams)
      if (this.#streams.get(streamId) === place) this.#streams.delete(streamId);
    const followers = place.groups.flatMap((group) => group.leave());
    // Only places of this type are entered.
    return (place.followers.concat(followers) as TPlace[]).filter((follower) => {
      follower.blockers -= 1;
      return follower.blockers === 0;
    });
  }
}
