import { setMaxListeners } from 'node:events';
import {
  type AbortSignalLike,
  ClosedError,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
} from '@leftfold/core';
import { type EventPlace, placeAfter } from '@leftfold/core/input';
import type { MemoryLog, StoredEvent } from './memory-log.ts';

/** Follows a log in memory. */
export class MemorySubscription implements Subscription {
  readonly #log: MemoryLog;
  readonly #read: (stored: StoredEvent) => RecordedEvent | undefined;
  /** Each ends the subscription when it aborts. */
  readonly #endings: readonly (AbortSignalLike | undefined)[];
  readonly #closed: AbortSignalLike;
  #place: EventPlace;

  /** @param read converts a stored event; undefined for an event that the subscription leaves out */
  constructor(
    log: MemoryLog,
    read: (stored: StoredEvent) => RecordedEvent | undefined,
    options: SubscribeOptions,
    closed: AbortSignalLike,
  ) {
    this.#log = log;
    this.#read = read;
    this.#endings = [closed, options.signal];
    this.#closed = closed;
    this.#place = placeAfter('after', options.after);
  }

  get position(): number {
    return this.#place.position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    if (this.#closed.aborted) throw new ClosedError('the event store');
    while (!this.#ended) {
      const next = this.#log.nextAfter(this.#place);
      if (next === undefined) {
        await this.#appendOrEnd();
        continue;
      }
      const event = this.#read(next);
      if (event !== undefined) yield event;
      this.#place = { position: next.position, eventId: next.id };
    }
  }

  get #ended(): boolean {
    return this.#endings.some((signal) => signal?.aborted === true);
  }

  #appendOrEnd(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        stop();
        for (const signal of this.#endings) signal?.removeEventListener('abort', go);
        resolve();
      };
      const stop = this.#log.onAppend(go);
      for (const signal of this.#endings) {
        // One signal may end any number of subscriptions: Node warns of a leak with the eleventh listener.
        if (signal instanceof EventTarget) setMaxListeners(0, signal);
        signal?.addEventListener('abort', go, { once: true });
      }
    });
  }
}
