import type { HeldLease } from '../sql/leases.ts';

/** The right of this process to advance one projection's checkpoint, until somebody else has it. */
export class Lease implements HeldLease {
  readonly name: string;
  readonly version: number;
  /** Raised at each change of owner: whoever knows an older one writes nothing any more. */
  readonly epoch: number;
  /** Where the checkpoint was when the lease was taken. */
  readonly position: number;
  readonly #lost = new AbortController();

  constructor({ name, version, epoch }: HeldLease, position: number) {
    this.name = name;
    this.version = version;
    this.epoch = epoch;
    this.position = position;
  }

  /** Aborts when it is known that the lease is over. */
  get signal(): AbortSignal {
    return this.#lost.signal;
  }

  end(): void {
    this.#lost.abort();
  }
}
