import { assertWhole } from '@leftfold/core/input';
import type { FoldedState } from './folded.ts';

/** A bounded cache of the most recently used aggregate states. A cached state may be older than the log. */
export class AggregateCache {
  readonly #limit: number;
  /** Least recently used first. */
  readonly #byStream = new Map<string, FoldedState>();

  /** @param limit 0 keeps nothing */
  constructor(limit: number) {
    assertWhole('cache.aggregates', limit);
    this.#limit = limit;
  }

  get isOn(): boolean {
    return this.#limit > 0;
  }

  get(streamId: string): FoldedState | undefined {
    return this.#byStream.get(streamId);
  }

  /** Keeps the newer of two states: a slow load never replaces the result of a later append. */
  put(streamId: string, folded: FoldedState): void {
    const kept = this.#byStream.get(streamId);
    this.#byStream.delete(streamId);
    this.#byStream.set(streamId, kept === undefined ? folded : newerOf(kept, folded));
    if (this.#byStream.size <= this.#limit) return;
    const [oldest] = this.#byStream.keys();
    if (oldest !== undefined) this.#byStream.delete(oldest);
  }

  forget(streamId: string): void {
    this.#byStream.delete(streamId);
  }
}

function newerOf(kept: FoldedState, folded: FoldedState): FoldedState {
  if (kept.streamVersion > folded.streamVersion) return kept;
  if (kept.streamVersion < folded.streamVersion) return folded;
  return kept.asOf > folded.asOf ? kept : folded;
}
