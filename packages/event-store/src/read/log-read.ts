import type { ReadAllOptions, RecordedEvent } from '@leftfold/core';
import { assertReadAllOptions } from '@leftfold/core/append';
import { placeAfter } from '@leftfold/core/input';
import { PAGE_EVENTS } from '../sql/page.ts';
import { flattenPages } from './flatten-pages.ts';
import type { ReadProgress } from './log-page.ts';
import type { LogReader } from './log-reader.ts';

/**
 * Reads the log, page by page.
 *
 * @param highWaterMark called when the first event is requested, with the position after which it is read
 */
export function readLog(
  reader: LogReader,
  options: ReadAllOptions,
  highWaterMark: (after: number) => Promise<number>,
): AsyncIterable<RecordedEvent> {
  return flattenPages(pagesOfLog(reader, options, highWaterMark));
}

async function* pagesOfLog(
  reader: LogReader,
  options: ReadAllOptions,
  highWaterMark: (after: number) => Promise<number>,
): AsyncGenerator<Iterable<RecordedEvent>, void> {
  assertReadAllOptions(options, reader.catalog);
  const { filter, unknownEvents, signal, backwards = false } = options;
  const place = placeAfter('after', options.after);
  // The first page checks it, also when no event follows.
  let token = place.eventId === undefined ? undefined : place;
  const progress: ReadProgress = { left: options.limit ?? Number.POSITIVE_INFINITY, last: undefined };
  reader.assertOpen();
  // The page says more of a token that the log does not have, than that its position is beyond the end.
  const mark = await highWaterMark(token === undefined ? place.position : 0);
  const { era } = reader;
  let after = place.position;
  let upTo = Math.min(mark, options.untilPosition ?? mark);
  const isOver = () => progress.left <= 0 || signal?.aborted === true;
  const read = (range: { readonly after: number; readonly upTo: number }) => {
    reader.assertSame(era);
    const limit = Math.min(PAGE_EVENTS, progress.left);
    return reader.page({ ...range, limit, filter, unknownEvents, token, backwards });
  };
  // Backwards, the event of the token is checked first, and the part of it that is still to be read comes last.
  const rest = backwards && token !== undefined && !isOver() ? await read({ after, upTo: after }) : undefined;
  if (rest !== undefined) token = undefined;
  while ((after < upTo || token !== undefined) && !isOver()) {
    const page = await read({ after, upTo });
    token = undefined;
    yield page.within(progress);
    if (backwards) upTo = page.position;
    else after = page.position;
  }
  if (rest !== undefined && !isOver() && place.position <= (options.untilPosition ?? mark))
    yield rest.within(progress);
}
