import type { AppendRequest, PreparedCondition } from '@leftfold/core/append';

/**
 * The streams and tags of requests in flight. A stream, or a tag that a condition queries, excludes other requests; a tag
 * of an event is shared with other writers of the tag.
 */
export class ConflictSet {
  readonly #streams = new Set<string>();
  /** Tags that conditions query. */
  readonly #queried = new Set<string>();
  /** Tags of events, with the number of requests that write them. */
  readonly #written = new Map<string, number>();

  /** True when the request shares a stream, writes a queried tag, or queries a tag that is written or queried. */
  conflictsWith({ streams, tags, condition }: AppendRequest): boolean {
    for (const { streamId } of streams) if (this.#streams.has(streamId)) return true;
    if (this.#queried.size > 0) for (const tag of tags) if (this.#queried.has(tag)) return true;
    if (condition === undefined) return false;
    return queriedTags(condition).some((tag) => this.#queried.has(tag) || this.#written.has(tag));
  }

  add({ streams, tags, condition }: AppendRequest): void {
    for (const { streamId } of streams) this.#streams.add(streamId);
    for (const tag of tags) this.#written.set(tag, (this.#written.get(tag) ?? 0) + 1);
    if (condition !== undefined) for (const tag of queriedTags(condition)) this.#queried.add(tag);
  }

  remove({ streams, tags, condition }: AppendRequest): void {
    for (const { streamId } of streams) this.#streams.delete(streamId);
    for (const tag of tags) {
      const others = (this.#written.get(tag) ?? 1) - 1;
      if (others === 0) this.#written.delete(tag);
      else this.#written.set(tag, others);
    }
    if (condition !== undefined) for (const tag of queriedTags(condition)) this.#queried.delete(tag);
  }
}

/** The first tag of each query, as the database locks it. */
function queriedTags({ queries }: PreparedCondition): readonly string[] {
  return queries.map(({ tags: [tag] }) => tag);
}
