import type { FoldedState } from './folded.ts';

/** Keeps the aggregates that were loaded or changed last, up to a number of them. What it holds may be behind the log. */
export class AggregateCache {
  readonly #limit: number;
  /** Those put in longest ago come first. */
  readonly #byStream = new Map<string, FoldedState>();

  /** @param limit 0 keeps nothing */
  constructor(limit: number) {
    if (!Number.isInteger(limit) || limit < 0) {
      throw new RangeError(`cache.aggregates must be a whole number from 0, not ${limit}`);
    }
    this.#limit = limit;
  }

  get isOn(): boolean {
    return this.#limit > 0;
  }

  get(streamId: string): FoldedState | undefined {
    return this.#byStream.get(streamId);
  }

  /** Keeps the newer of two: a slow load never takes back what an append has left. */
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
