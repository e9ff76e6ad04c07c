import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import { refKeyOf } from '../subscription/subscription-key.ts';

/** A slice, and how many there are. */
export interface CountedSlice extends SubscriptionKey {
  readonly slices: number;
}

/** Positions of the slices that this process leads. */
export class LedSlices {
  readonly #positions = new Map<string, Map<number, number>>();
  readonly #counts = new Map<string, number>();

  set(slice: CountedSlice, position: number): void {
    const refKey = refKeyOf(slice);
    const positions = this.#positions.get(refKey) ?? new Map<number, number>();
    positions.set(slice.slice, position);
    this.#positions.set(refKey, positions);
    this.#counts.set(refKey, slice.slices);
  }

  delete(slice: SubscriptionKey): void {
    this.#positions.get(refKeyOf(slice))?.delete(slice.slice);
  }

  /** That of the slice that is behind the others; undefined unless this process leads all of them. */
  positionOf(ref: SubscriptionRef): number | undefined {
    const refKey = refKeyOf(ref);
    const positions = this.#positions.get(refKey);
    if (positions === undefined || positions.size !== this.#counts.get(refKey)) return undefined;
    return Math.min(...positions.values());
  }
}
