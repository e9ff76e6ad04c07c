import { estimatedSize } from '@leftfold/core';
import { assertWhole } from '@leftfold/core/input';
import type { FoldedState } from './folded.ts';

/** Estimated bytes of all cached states. */
const MAX_SIZE = 64 * 1024 * 1024;
/** The size of a state above this is estimated again only every so many versions, since that takes a while. */
const LARGE = 16 * 1024;
const VERSIONS_BETWEEN_ESTIMATES = 16;

interface CachedState {
  readonly folded: FoldedState;
  /** Estimated, when the stream was at the version `sizedAt`. */
  readonly size: number;
  readonly sizedAt: number;
}

/** A bounded cache of the most recently used aggregate states. A cached state may be older than the log. */
export class AggregateCache {
  readonly #limit: number;
  readonly #maxSize: number;
  /** Least recently used first. */
  readonly #byStream = new Map<string, CachedState>();
  #size = 0;

  /** @param limit 0 keeps nothing */
  constructor(limit: number, maxSize: number = MAX_SIZE) {
    assertWhole('cache.aggregates', limit);
    this.#limit = limit;
    this.#maxSize = maxSize;
  }

  get isOn(): boolean {
    return this.#limit > 0;
  }

  get(streamId: string): FoldedState | undefined {
    return this.#byStream.get(streamId)?.folded;
  }

  /** Keeps the newer of two states: a slow load never replaces the result of a later append. */
  put(streamId: string, folded: FoldedState): void {
    if (!this.isOn) return;
    const kept = this.#byStream.get(streamId);
    this.forget(streamId);
    const cached = sized(kept === undefined ? folded : newerOf(kept.folded, folded), kept);
    this.#byStream.set(streamId, cached);
    this.#size += cached.size;
    for (const oldest of this.#byStream.keys()) {
      if (this.#byStream.size <= this.#limit && this.#size <= this.#maxSize) break;
      this.forget(oldest);
    }
  }

  forget(streamId: string): void {
    this.#size -= this.#byStream.get(streamId)?.size ?? 0;
    this.#byStream.delete(streamId);
  }
}

function sized(folded: FoldedState, kept: CachedState | undefined): CachedState {
  const { streamVersion, state } = folded;
  const close = kept !== undefined && streamVersion - kept.sizedAt < VERSIONS_BETWEEN_ESTIMATES;
  if (close && (kept.size > LARGE || kept.folded.state === state)) return { ...kept, folded };
  return { folded, size: estimatedSize(state), sizedAt: streamVersion };
}

function newerOf(kept: FoldedState, folded: FoldedState): FoldedState {
  if (kept.era !== folded.era) return kept.era > folded.era ? kept : folded;
  if (kept.streamVersion > folded.streamVersion) return kept;
  if (kept.streamVersion < folded.streamVersion) return folded;
  return kept.asOf > folded.asOf ? kept : folded;
}
