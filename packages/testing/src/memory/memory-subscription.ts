import { setMaxListeners } from 'node:events';
import {
  type AbortSignalLike,
  ClosedError,
  type RecordedEvent,
  type SubscribeOptions,
  type Subscription,
} from '@leftfold/core';
import { type EventPlace, placeAfter } from '@leftfold/core/input';
import { isAfter, type MemoryLog, type StoredEvent } from './memory-log.ts';

/** Follows a log in memory. */
export class MemorySubscription implements Subscription {
  readonly #log: MemoryLog;
  readonly #read: (stored: StoredEvent) => readonly RecordedEvent[];
  /** Each ends the subscription when it aborts. */
  readonly #endings: readonly (AbortSignalLike | undefined)[];
  readonly #closed: AbortSignalLike;
  #place: EventPlace;

  /** @param read the events of the subscription that a stored event is read as */
  constructor(
    log: MemoryLog,
    read: (stored: StoredEvent) => readonly RecordedEvent[],
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
    const { position, index } = this.#place;
    return index === undefined ? position : position - 1;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    if (this.#closed.aborted) throw new ClosedError('the event store');
    while (!this.#ended) {
      const next = this.#log.nextAfter(this.#place);
      if (next === undefined) {
        await this.#appendOrEnd();
        continue;
      }
      for (const event of this.#read(next).filter(isAfter(this.#place))) {
        if (this.#ended) return;
        yield event;
      }
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
