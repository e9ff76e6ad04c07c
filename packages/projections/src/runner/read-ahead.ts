import type { LogPage, PostgresEventStore } from '@leftfold/event-store';

export interface ReadAheadOptions {
  readonly after: number;
  /** A settled position. */
  readonly upTo: number;
  readonly types: readonly string[];
  /** How many events the next page may have. */
  readonly limit: () => number;
}

/** A part of the log, page by page; the next page is on its way while one is worked on. */
export async function* readAhead(
  store: PostgresEventStore,
  { after, upTo, types, limit }: ReadAheadOptions,
): AsyncGenerator<LogPage, void, undefined> {
  const read = (from: number) => {
    const page = store.readPage({ after: from, upTo, limit: limit(), filter: { types } });
    page.catch(() => {}); // told to whoever asks for this page, if anybody still does
    return page;
  };
  let next = read(after);
  try {
    for (;;) {
      const page = await next;
      const last = page.position >= upTo;
      if (!last) next = read(page.position);
      yield page;
      if (last) return;
    }
  } finally {
    // Whoever leaves early finds no read still going on.
    await next.catch(() => {});
  }
}
