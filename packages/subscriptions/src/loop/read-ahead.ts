import type { LogPage, PostgresEventStore } from '@leftfold/event-store';
import { inSlot } from './background-slot.ts';
import type { TermProgress } from './term-progress.ts';

export interface ReadAheadOptions {
  readonly after: number;
  /** A position at or below the high-water mark. */
  readonly upTo: number;
  readonly types: readonly string[];
  /** How many events the next page may have. */
  readonly limit: () => number;
  readonly progress: TermProgress;
}

/** Reads a part of the log page by page. The next page is being read while the caller works on one. */
export async function* readAhead(
  store: PostgresEventStore,
  { after, upTo, types, limit, progress }: ReadAheadOptions,
): AsyncGenerator<LogPage, void, undefined> {
  const read = (from: number) => {
    const page = inSlot(store, progress, () =>
      store.readPage({ after: from, upTo, limit: limit(), filter: { types } }),
    );
    page.catch(() => {}); // thrown where the page is awaited
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
    // No read is still running after a caller has left the loop early.
    await next.catch(() => {});
  }
}
