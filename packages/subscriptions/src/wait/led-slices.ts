import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import { refKeyOf } from '../subscription/subscription-key.ts';

/** A slice, and how many there are. */
export interface CountedSlice extends SubscriptionKey {
  readonly slices: number;
}

/** Of one subscription. */
interface Led {
  slices: number;
  readonly positions: Map<number, number>;
  /** The lowest position, and how many slices are there: each of many slices moves with each append. */
  lowest: number;
  lowestCount: number;
}

/** Positions of the slices that this process leads. */
export class LedSlices {
  readonly #led = new Map<string, Led>();

  set(slice: CountedSlice, position: number): void {
    const refKey = refKeyOf(slice);
    const led = this.#led.get(refKey) ?? noneOf(slice);
    this.#led.set(refKey, led);
    led.slices = slice.slices;
    const before = led.positions.get(slice.slice);
    led.positions.set(slice.slice, position);
    moved(led, before, position);
  }

  delete(slice: SubscriptionKey): void {
    const led = this.#led.get(refKeyOf(slice));
    if (led === undefined) return;
    const before = led.positions.get(slice.slice);
    led.positions.delete(slice.slice);
    moved(led, before, undefined);
  }

  /** That of the slice that is behind the others; undefined unless this process leads all of them. */
  positionOf(ref: SubscriptionRef): number | undefined {
    const led = this.#led.get(refKeyOf(ref));
    return led === undefined || led.positions.size !== led.slices ? undefined : led.lowest;
  }
}

function noneOf({ slices }: CountedSlice): Led {
  return { slices, positions: new Map(), lowest: Number.POSITIVE_INFINITY, lowestCount: 0 };
}

/** @param to undefined when the slice is no longer led */
function moved(led: Led, from: number | undefined, to: number | undefined): void {
  if (from === led.lowest) led.lowestCount -= 1;
  if (to === led.lowest) led.lowestCount += 1;
  if (led.lowestCount > 0 && (to === undefined || to >= led.lowest)) return;
  const positions = [...led.positions.values()];
  led.lowest = Math.min(...positions);
  led.lowestCount = positions.filter((position) => position === led.lowest).length;
}
