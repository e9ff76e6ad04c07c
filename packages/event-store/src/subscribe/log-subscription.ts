import {
  type AbortSignalLike,
  type Backoff,
  ClosedError,
  LeftfoldError,
  type RecordedEvent,
  retryDelayMs,
  type SubscribeOptions,
  type Subscription,
} from '@leftfold/core';
import { assertSubscribeOptions } from '@leftfold/core/append';
import { onAbort, type OutagePause, within } from '@leftfold/postgres';
import { type EventPlace, placeAfter } from '@leftfold/core/input';
import type { LogPage } from '../read/log-page.ts';
import type { LogReader } from '../read/log-reader.ts';
import type { HighWaterWatch } from '../high-water/high-water-watch.ts';

const PAGE_SIZE = 500;
/** While the database cannot be reached. Without jitter. */
const whileUnavailable: Backoff = { firstDelayMs: 100, maxDelayMs: 5_000 };

/**
 * Follows the log. It waits for a database that cannot be reached, and for one that refuses the login after it was read:
 * that one is being restored or renamed. Every other error ends the loop.
 *
 * It holds at most two pages, as text: the one being iterated, and the next one, which is read ahead.
 */
export class LogSubscription implements Subscription {
  readonly #reader: LogReader;
  readonly #watch: HighWaterWatch;
  readonly #outage: OutagePause;
  readonly #era: number;
  readonly #options: SubscribeOptions;
  readonly #closed: AbortSignalLike;
  #position: number;
  /** Where it resumes, until the first page has checked that the log has this event. */
  #token: EventPlace | undefined;
  #hasRead = false;

  constructor(
    reader: LogReader,
    watch: HighWaterWatch,
    outage: OutagePause,
    options: SubscribeOptions,
    { era, closed }: { readonly era: number; readonly closed: AbortSignalLike },
  ) {
    assertSubscribeOptions(options, reader.catalog);
    this.#reader = reader;
    this.#watch = watch;
    this.#outage = outage;
    this.#era = era;
    this.#options = options;
    this.#closed = closed;
    const place = placeAfter('after', options.after);
    this.#position = place.position;
    this.#token = place.eventId === undefined ? undefined : place;
  }

  get position(): number {
    return this.#position;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<RecordedEvent, void, undefined> {
    if (this.#closed.aborted) throw new ClosedError('the event store');
    const over = new AbortController();
    const end = () => over.abort();
    const { signal } = this.#options;
    const endings = signal === undefined ? [this.#closed] : [this.#closed, signal];
    if (endings.some(({ aborted }) => aborted)) return;
    const leave = this.#watch.subscriptions.begin();
    const removals = endings.map((ending) => onAbort(ending, end));
    try {
      yield* this.#follow(over.signal);
    } finally {
      // When the consumer leaves the loop, the wait for the next page must end too.
      end();
      for (const remove of removals) remove();
      leave();
    }
  }

  async *#follow(over: AbortSignal): AsyncGenerator<RecordedEvent, void, undefined> {
    let page = await this.#nextPage(this.#position, over);
    while (page !== undefined) {
      // Read ahead while the consumer works. If the consumer leaves the loop, nothing awaits this promise.
      const next: Promise<LogPage | undefined> = this.#nextPage(page.position, over);
      next.catch(() => {});
      for (const event of page) {
        if (over.aborted) return;
        yield event;
        this.#position = isLastOfStored(event) ? event.position : event.position - 1;
      }
      this.#position = page.position;
      page = await next;
    }
  }

  /** undefined when the subscription has ended. */
  async #nextPage(after: number, over: AbortSignal): Promise<LogPage | undefined> {
    let failures = 0;
    while (!over.aborted) {
      try {
        // The answer is not waited for when the subscription ends: the network may be silent.
        const page = await within(this.#readPage(after, over), { late: () => undefined, signal: over });
        if (page === undefined) return undefined;
        this.#token = undefined;
        this.#hasRead = true;
        return page;
      } catch (error) {
        if (over.aborted) return undefined;
        if (!LeftfoldError.is(error) || !this.#waitsFor(error)) throw error;
        failures += 1;
        await this.#outage.wait(retryDelayMs(whileUnavailable, failures), over);
      }
    }
    return undefined;
  }

  /** undefined when the subscription ended before it was sent. */
  async #readPage(after: number, over: AbortSignal): Promise<LogPage | undefined> {
    const token = this.#token;
    const from = { after, era: this.#era };
    // A token is checked at once, by the page, and not when an event follows.
    const upTo = await (token === undefined
      ? this.#watch.waitFor({ ...from, signal: over })
      : this.#watch.now({ ...from, after: 0 }));
    if (over.aborted) return undefined;
    const { filter, unknownEvents } = this.#options;
    const shared = this.#watch.isSharedMark(upTo);
    const range = { after, upTo, limit: PAGE_SIZE, filter, unknownEvents };
    return this.#reader.page({ ...range, shared, token });
  }

  #waitsFor({ retryable, code }: LeftfoldError): boolean {
    return retryable || (this.#hasRead && code === 'LOGIN_REFUSED');
  }
}

/** Of several events that one stored event is read as, all but the last leave something to be read at their position. */
function isLastOfStored({ readFrom }: RecordedEvent): boolean {
  return readFrom === undefined || readFrom.index >= readFrom.count - 1;
}
