/** A page of items. Its iterator may make an item only when it is asked for it. */
type Pages<TItem> = AsyncGenerator<Iterable<TItem>, void>;

/**
 * Iterates over the items of pages. It awaits only at the end of a page; a generator would await for each item. The next
 * page is requested when the current one is used up.
 */
export function flattenPages<TItem>(pages: Pages<TItem>): AsyncIterable<TItem> {
  return { [Symbol.asyncIterator]: () => new FlattenedPages(pages) };
}

class FlattenedPages<TItem> implements AsyncIterator<TItem, void> {
  readonly #pages: Pages<TItem>;
  #page: Iterator<TItem> | undefined;
  /** The request for the next page, shared by concurrent calls of `next`. */
  #loading: Promise<boolean> | undefined;

  constructor(pages: Pages<TItem>) {
    this.#pages = pages;
  }

  next(): Promise<IteratorResult<TItem, void>> {
    if (this.#page === undefined) return this.#nextAfterLoading();
    let item: IteratorResult<TItem>;
    try {
      item = this.#page.next();
    } catch (error) {
      return this.#end(error);
    }
    if (item.done !== true) return Promise.resolve(item);
    this.#page = undefined;
    return this.#nextAfterLoading();
  }

  async return(): Promise<IteratorResult<TItem, void>> {
    this.#page = undefined;
    await this.#pages.return();
    return { done: true, value: undefined };
  }

  /** An item that cannot be made ends the iteration. */
  async #end(error: unknown): Promise<never> {
    await this.return();
    throw error;
  }

  async #nextAfterLoading(): Promise<IteratorResult<TItem, void>> {
    this.#loading ??= this.#load();
    return (await this.#loading) ? this.next() : { done: true, value: undefined };
  }

  /** @returns false when there is no further page */
  async #load(): Promise<boolean> {
    try {
      const { done, value } = await this.#pages.next();
      this.#page = value?.[Symbol.iterator]();
      return done !== true;
    } finally {
      this.#loading = undefined;
    }
  }
}
