import type { PageSpan } from '../sql/compare-rows.ts';

const FIRST_PAGES = 256;
/** How long a statement should take, in milliseconds: well below every usual `statement_timeout`. */
const WANTED_MS = 250;

/**
 * The parts of a table of so many pages, each for one statement. A part is larger when the one before was fast, and
 * smaller when it was slow.
 */
export function* pageSpans(pages: number): Generator<PageSpan, void, undefined> {
  let size = FIRST_PAGES;
  for (let from = 0; from < pages; ) {
    const to = Math.min(pages, from + size);
    const began = performance.now();
    yield { from, to };
    const took = performance.now() - began;
    if (took < WANTED_MS / 2) size *= 2;
    else if (took > 2 * WANTED_MS) size = Math.max(1, Math.floor(size / 2));
    from = to;
  }
}
