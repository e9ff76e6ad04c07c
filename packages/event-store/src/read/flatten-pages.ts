/**
 * Hands out what comes in pages one by one, and waits only where a page ends: a generator would wait for each of them.
 * The next page is asked for when this one is used up.
 */
export function flattenPages<TItem>(pages: AsyncGenerator<readonly TItem[], void>): AsyncIterable<TItem> {
  return { [Symbol.asyncIterator]: () => new FlattenedPages(pages) };
}

class FlattenedPages<TItem> implements AsyncIterator<TItem, void> {
  readonly #pages: AsyncGenerator<readonly TItem[], void>;
  #page: readonly TItem[] = [];
  #index = 0;
  /** The next page, for all who asked before it came. */
  #turning: Promise<boolean> | undefined;

  constructor(pages: AsyncGenerator<readonly TItem[], void>) {
    this.#pages = pages;
  }

  next(): Promise<IteratorResult<TItem, void>> {
    if (this.#index >= this.#page.length) return this.#nextAfterTurning();
    const value = this.#page[this.#index]!;
    this.#index += 1;
    return Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<TItem, void>> {
    this.#page = [];
    await this.#pages.return();
    return { done: true, value: undefined };
  }

  async #nextAfterTurning(): Promise<IteratorResult<TItem, void>> {
    this.#turning ??= this.#turn();
    return (await this.#turning) ? this.next() : { done: true, value: undefined };
  }

  /** @returns false when there is no further page */
  async #turn(): Promise<boolean> {
    try {
      const { done, value } = await this.#pages.next();
      this.#page = value ?? [];
      this.#index = 0;
      return done !== true;
    } finally {
      this.#turning = undefined;
    }
  }
}
