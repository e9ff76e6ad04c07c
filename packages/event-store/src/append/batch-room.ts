import type { AppendRequest } from '@leftfold/core/append';

export interface BatchLimits {
  readonly maxRequests: number;
  /** Events of one batch, or its streams if there are more of them; a larger request is sent alone. */
  readonly maxEvents: number;
  /** Characters of one batch; a larger request is sent alone. */
  readonly maxSize: number;
}

/** What one batch still has room for. A request that is larger than a batch is one. */
export class BatchRoom {
  readonly #limits: BatchLimits;
  #requests = 0;
  #events = 0;
  #size = 0;

  constructor(limits: BatchLimits) {
    this.#limits = limits;
  }

  fits(request: AppendRequest): boolean {
    const { maxRequests, maxEvents, maxSize } = this.#limits;
    return (
      this.#requests === 0 ||
      (this.#requests < maxRequests &&
        this.#events + amountOf(request) <= maxEvents &&
        this.#size + request.size <= maxSize)
    );
  }

  take(request: AppendRequest): void {
    this.#requests += 1;
    this.#events += amountOf(request);
    this.#size += request.size;
  }
}

function amountOf({ eventCount, streams }: AppendRequest): number {
  return Math.max(eventCount, streams.length);
}
