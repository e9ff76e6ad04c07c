import type { RecordedEvent, SubscribeOptions, Subscription } from '@leftfold/core';
import type { MemoryLog, StoredEvent } from './memory-log.ts';

/** Follows a log in memory. */
export class MemorySubscription implements Subscription {
  readonly #log: MemoryLog;
  readonly #read: (stored: StoredEvent) => RecordedEvent | undefined;
  readonly #options: SubscribeOptions;
  #position: number;

  /** @param read converts a stored event; undefined for an event that the subscription leaves out */
  constructor(
    log: MemoryLog,
    read: (stored: StoredEvent) => RecordedEvent | undefined,
    options: SubscribeOptions,
  ) {
    this.#log = log;
    this.#read = read;
    this.#options = options;
    this.#position = options.after ?? 0;
  }

  get position(): number {
    return this.#position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    while (!this.#ended) {
      const [next] = this.#log.eventsAfter(this.#position);
      if (next === undefined) {
        await this.#appendOrEnd();
        continue;
      }
      const event = this.#read(next);
      if (event !== undefined) yield event;
      this.#position = next.position;
    }
  }

  get #ended(): boolean {
    return this.#options.signal?.aborted === true;
  }

  #appendOrEnd(): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const go = () => {
        stop();
        signal?.removeEventListener('abort', go);
        resolve();
      };
      const stop = this.#log.onAppend(go);
      signal?.addEventListener('abort', go, { once: true });
    });
  }
}
