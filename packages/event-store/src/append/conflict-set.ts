import type { AppendRequest, PreparedCondition } from '@leftfold/core/append';

/**
 * What requests claim: their streams and what their conditions ask about for themselves alone, the tags of their
 * events together with others who write them.
 */
export class ConflictSet {
  readonly #streams = new Set<string>();
  /** Tags that conditions ask about. */
  readonly #asked = new Set<string>();
  /** Tags of events, and how many requests have such events. */
  readonly #written = new Map<string, number>();

  /** True when the request would write what somebody asks about, ask what somebody writes or asks, or share a stream. */
  conflictsWith({ streams, tags, condition }: AppendRequest): boolean {
    for (const { streamId } of streams) if (this.#streams.has(streamId)) return true;
    if (this.#asked.size > 0) for (const tag of tags) if (this.#asked.has(tag)) return true;
    if (condition === undefined) return false;
    return askedBy(condition).some((tag) => this.#asked.has(tag) || this.#written.has(tag));
  }

  add({ streams, tags, condition }: AppendRequest): void {
    for (const { streamId } of streams) this.#streams.add(streamId);
    for (const tag of tags) this.#written.set(tag, (this.#written.get(tag) ?? 0) + 1);
    if (condition !== undefined) for (const tag of askedBy(condition)) this.#asked.add(tag);
  }

  remove({ streams, tags, condition }: AppendRequest): void {
    for (const { streamId } of streams) this.#streams.delete(streamId);
    for (const tag of tags) {
      const others = (this.#written.get(tag) ?? 1) - 1;
      if (others === 0) this.#written.delete(tag);
      else this.#written.set(tag, others);
    }
    if (condition !== undefined) for (const tag of askedBy(condition)) this.#asked.delete(tag);
  }
}

/** The first tag of each query, as in the database. */
function askedBy({ queries }: PreparedCondition): readonly string[] {
  return queries.map(({ tags: [tag] }) => tag);
}
