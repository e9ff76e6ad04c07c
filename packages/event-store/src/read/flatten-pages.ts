/**
 * Iterates over the items of pages. It awaits only at the end of a page; a generator would await for each item. The next
 * page is requested when the current one is used up.
 */
export function flattenPages<TItem>(pages: AsyncGenerator<readonly TItem[], void>): AsyncIterable<TItem> {
  return { [Symbol.asyncIterator]: () => new FlattenedPages(pages) };
}

class FlattenedPages<TItem> implements AsyncIterator<TItem, void> {
  readonly #pages: AsyncGenerator<readonly TItem[], void>;
  #page: readonly TItem[] = [];
  #index = 0;
  /** The request for the next page, shared by concurrent calls of `next`. */
  #loading: Promise<boolean> | undefined;

  constructor(pages: AsyncGenerator<readonly TItem[], void>) {
    this.#pages = pages;
  }

  next(): Promise<IteratorResult<TItem, void>> {
    if (this.#index >= this.#page.length) return this.#nextAfterLoading();
    const value = this.#page[this.#index]!;
    this.#index += 1;
    return Promise.resolve({ done: false, value });
  }

  async return(): Promise<IteratorResult<TItem, void>> {
    this.#page = [];
    await this.#pages.return();
    return { done: true, value: undefined };
  }

  async #nextAfterLoading(): Promise<IteratorResult<TItem, void>> {
    this.#loading ??= this.#load();
    return (await this.#loading) ? this.next() : { done: true, value: undefined };
  }

  /** @returns false when there is no further page */
  async #load(): Promise<boolean> {
    try {
      const { done, value } = await this.#pages.next();
      this.#page = value ?? [];
      this.#index = 0;
      return done !== true;
    } finally {
      this.#loading = undefined;
    }
  }
}
