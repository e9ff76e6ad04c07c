import type { LeaseTerm } from '../lease/lease-term.ts';
import type { LoopOptions } from '../loop/loop-options.ts';
import { SubscriptionLoop } from '../loop/subscription-loop.ts';
import { publishLease } from '../status/published.ts';
import type { Subscription } from '../subscription/subscription-definition.ts';
import { mapKeyOf, type SubscriptionKey, type SubscriptionRef } from '../subscription/subscription-key.ts';

/** The loops of the slices that this process leads. */
export class LedLoops {
  readonly #options: LoopOptions;
  readonly #stop: AbortSignal;
  readonly #loops = new Map<string, SubscriptionLoop>();
  readonly #running = new Set<Promise<void>>();

  /** @param stop ends each loop after the batch that is being written */
  constructor(options: LoopOptions, stop: AbortSignal) {
    this.#options = options;
    this.#stop = stop;
  }

  /** Works on one slice, for as long as this process holds its lease. */
  lead(subscription: Subscription, term: LeaseTerm): void {
    const mapKey = mapKeyOf(term);
    const loop = new SubscriptionLoop(subscription, term, this.#options);
    this.#loops.set(mapKey, loop);
    publishLease(this.#options.store.schema, term, 'begun');
    const running = loop.run(this.#stop).finally(() => {
      publishLease(this.#options.store.schema, term, 'ended');
      // The next term of the slice may have begun.
      if (this.#loops.get(mapKey) === loop) this.#loops.delete(mapKey);
      this.#running.delete(running);
    });
    this.#running.add(running);
  }

  /** Resolves when no loop runs. */
  async ended(): Promise<void> {
    await Promise.all(this.#running);
  }

  /** Reports the batches that have not ended: the runner does not wait for them any longer. */
  reportUnfinished(limit: string): void {
    for (const loop of this.#loops.values()) loop.reportUnfinished(limit);
  }

  /** What went wrong since a slice last advanced, if this process leads it. */
  lastFailureOf(slice: SubscriptionKey): string | undefined {
    return this.#loops.get(mapKeyOf(slice))?.lastFailure;
  }

  /** The same, of the first slice of a subscription of which something did. */
  lastFailureIn({ name, version }: SubscriptionRef): string | undefined {
    const loops = [...this.#loops.values()].filter(
      ({ slice }) => slice.name === name && slice.version === version,
    );
    return loops.find(({ lastFailure }) => lastFailure !== undefined)?.lastFailure;
  }
}
