import type { PostgresEventStore } from '@leftfold/event-store';
import type { CheckpointStep } from '../sql/checkpoint.ts';
import { advanceCheckpoints } from '../sql/checkpoints.ts';

interface Waiting {
  readonly step: CheckpointStep;
  readonly resolve: (advanced: boolean) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Moves the checkpoints of a runner's subscriptions over events that are none of theirs: those that were woken by the
 * same append in one statement, however many they are.
 */
export class IdleAdvances {
  readonly #store: Pick<PostgresEventStore, 'run' | 'schema' | 'loops'>;
  readonly #whenUnlocked: () => Promise<void>;
  #waiting: Waiting[] = [];
  #sending = false;

  /** @param whenUnlocked resolves when this process does not change the rows of leases in another way */
  constructor(
    store: Pick<PostgresEventStore, 'run' | 'schema' | 'loops'>,
    whenUnlocked: () => Promise<void>,
  ) {
    this.#store = store;
    this.#whenUnlocked = whenUnlocked;
  }

  /** @returns false when the lease may be lost, or another transaction is changing the row: try the step by itself */
  advance(step: CheckpointStep): Promise<boolean> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ step, resolve, reject });
      if (!this.#sending) void this.#sendAll();
    });
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#waiting.length > 0) {
      // Those that read the same page do so in this turn of the event loop.
      await new Promise<void>((resolve) => setImmediate(resolve));
      await this.#whenUnlocked();
      await this.#store.loops.background.during(() => this.#send(this.#waiting.splice(0)));
    }
    this.#sending = false;
  }

  async #send(waiting: readonly Waiting[]): Promise<void> {
    const [first, ...others] = waiting.map(({ step }) => step);
    if (first === undefined) return;
    try {
      const advanced = await advanceCheckpoints(this.#store, [first, ...others]);
      for (const { step, resolve } of waiting) resolve(advanced.has(step));
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }
}
