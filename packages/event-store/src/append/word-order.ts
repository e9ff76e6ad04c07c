import type { ConditionQuery } from '@leftfold/core';
import { type AppendRequest, matchesQuery } from '@leftfold/core/append';
import type { Place, PlaceGroup } from './place.ts';

/** What a request does with a word: the database locks it exclusively for a query, and shared for an event. */
type Use = 'query' | 'write';

/** A request that may join a group is compared with each one in it. */
const MAX_COMPARED = 64;

/** The order of the requests that query a word, such as a tag, or write it. */
export class WordOrder {
  /** The last group of each word. */
  readonly #groups = new Map<string, WordGroup>();
  readonly #maxCompared: number;

  /** @param maxTogether how many requests can be sent together */
  constructor(maxTogether: number) {
    this.#maxCompared = Math.min(maxTogether, MAX_COMPARED);
  }

  /** Takes no notice of a word that the request, which comes last, has entered already. */
  enter(place: Place, word: string, use: Use): void {
    const last = this.#groups.get(word);
    if (last?.endsWith(place) === true) return;
    const group = last?.admits(place, use) === true ? last : this.#begin(word, last);
    group.add(place, use);
  }

  #begin(word: string, earlier: WordGroup | undefined): WordGroup {
    const group = new WordGroup(earlier, this.#maxCompared, () => {
      if (this.#groups.get(word) === group) this.#groups.delete(word);
    });
    this.#groups.set(word, group);
    return group;
  }
}

const NONE: readonly Place[] = [];

/** Requests with a word in common that may be sent together. They wait for the group of the word before them. */
class WordGroup implements PlaceGroup {
  readonly followers: Place[] = [];
  readonly #maxCompared: number;
  readonly #onEmpty: () => void;
  /** Has requests that these wait for. */
  #earlier: WordGroup | undefined;
  #next: WordGroup | undefined;
  /** undefined when no request that has to be compared with them joins them any more. */
  #compared: Place[] | undefined = [];
  #last: Place | undefined;
  #isQueried = false;
  #count = 0;

  constructor(earlier: WordGroup | undefined, maxCompared: number, onEmpty: () => void) {
    this.#earlier = earlier;
    if (earlier !== undefined) earlier.#next = this;
    this.#maxCompared = maxCompared;
    this.#onEmpty = onEmpty;
  }

  endsWith(place: Place): boolean {
    return this.#last === place;
  }

  /** Those that only write the word share its lock. */
  admits({ request }: Place, use: Use): boolean {
    if (use === 'write' && !this.#isQueried) return true;
    return this.#compared?.every((one) => !exclude(one.request, request)) ?? false;
  }

  add(place: Place, use: Use): void {
    if (this.#earlier !== undefined) place.follow(this.#earlier);
    place.groups.push(this);
    this.#count += 1;
    this.#last = place;
    if (use === 'query') this.#isQueried = true;
    if (this.#compared !== undefined && this.#compared.push(place) === this.#maxCompared) this.close();
  }

  close(): void {
    this.#compared = undefined;
  }

  leave(): readonly Place[] {
    this.#count -= 1;
    if (this.#count > 0) return NONE;
    if (this.#next !== undefined) this.#next.#earlier = undefined;
    this.#onEmpty();
    return this.followers;
  }
}

/** Whether one of two requests has an event that the condition of the other one matches. */
function exclude(one: AppendRequest, other: AppendRequest): boolean {
  return isMatchedBy(one, other) || isMatchedBy(other, one);
}

function isMatchedBy({ condition }: AppendRequest, writer: AppendRequest): boolean {
  return condition?.queries.some((query) => hasMatch(writer, query)) ?? false;
}

/** A request with more events counts as one that writes each of its types with each of its tags. */
const MAX_EVENTS_COMPARED = 64;

function hasMatch({ types, tags, eventCount, streams }: AppendRequest, query: ConditionQuery): boolean {
  if (query.types?.some((type) => types.has(type)) === false) return false;
  if (query.tags?.every((tag) => tags.has(tag)) === false) return false;
  if (eventCount > MAX_EVENTS_COMPARED) return true;
  return streams.some(({ streamId, events }) =>
    events.some((event) => matchesQuery({ type: event.type, streamId, tags: event.tags }, query)),
  );
}
