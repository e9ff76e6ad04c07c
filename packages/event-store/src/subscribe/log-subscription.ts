import { type AbortSignalLike, LeftfoldError, type RecordedEvent, type SubscribeOptions, type Subscription } from '@leftfold/core';
import type { LogPage, LogReader } from '../read/log-reader.ts';
import type { SettledWatch } from '../settle/settled-watch.ts';

const PAGE_SIZE = 500;
const FIRST_RETRY_DELAY_MS = 100;
const LAST_RETRY_DELAY_MS = 5_000;

/**
 * Follows the log. A database that cannot be reached is waited for; every other error ends the loop.
 *
 * Holds two pages at most: the one that is being handed out, and the next, which is read meanwhile.
 */
export class LogSubscription implements Subscription {
  readonly #reader: LogReader;
  readonly #watch: SettledWatch;
  readonly #options: SubscribeOptions;
  readonly #closed: AbortSignalLike;
  #position: number;

  constructor(reader: LogReader, watch: SettledWatch, options: SubscribeOptions, closed: AbortSignalLike) {
    this.#reader = reader;
    this.#watch = watch;
    this.#options = options;
    this.#closed = closed;
    this.#position = options.after ?? 0;
  }

  get position(): number {
    return this.#position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    let page = await this.#nextPage(this.#position);
    while (page !== undefined) {
      // Read while the consumer works. A consumer that leaves never asks for it: its failure is nobody's then.
      const next: Promise<LogPage | undefined> = this.#nextPage(page.position);
      next.catch(() => {});
      for (const event of page.events) {
        if (this.#ended) return;
        yield event;
        this.#position = event.position;
      }
      this.#position = page.position;
      page = await next;
    }
  }

  get #ended(): boolean {
    return this.#closed.aborted || this.#options.signal?.aborted === true;
  }

  /** undefined when the subscription has ended. */
  async #nextPage(after: number): Promise<LogPage | undefined> {
    let delay = FIRST_RETRY_DELAY_MS;
    while (!this.#ended) {
      try {
        const upTo = await this.#settledBeyond(after);
        if (this.#ended) return undefined;
        const { filter, unknownEvents } = this.#options;
        const range = { after, upTo, limit: PAGE_SIZE, filter, unknownEvents };
        return await this.#reader.page(range, this.#watch.isSharedMark(upTo));
      } catch (error) {
        if (!LeftfoldError.is(error) || !error.retryable) throw error;
        await this.#pause(delay);
        delay = Math.min(delay * 2, LAST_RETRY_DELAY_MS);
      }
    }
    return undefined;
  }

  #settledBeyond(after: number): Promise<number> {
    const ended = new AbortController();
    const end = () => ended.abort();
    const { signal } = this.#options;
    signal?.addEventListener('abort', end, { once: true });
    this.#closed.addEventListener('abort', end, { once: true });
    return this.#watch.waitFor({ after, signal: ended.signal }).finally(() => {
      signal?.removeEventListener('abort', end);
      this.#closed.removeEventListener('abort', end);
    });
  }

  #pause(milliseconds: number): Promise<void> {
    const { signal } = this.#options;
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer);
        signal?.removeEventListener('abort', go);
        this.#closed.removeEventListener('abort', go);
        resolve();
      };
      const timer = setTimeout(go, milliseconds);
      signal?.addEventListener('abort', go, { once: true });
      this.#closed.addEventListener('abort', go, { once: true });
    });
  }
}
