import type { RecordedEvent } from '@leftfold/core';

/** Some of the events of a page, and how far they reach. */
export interface PagePart {
  readonly events: readonly RecordedEvent[];
  readonly position: number;
}

/**
 * Divides a page, which has a limited number of stored events: one of a retired type can be read as thousands, that of
 * a whole page as more than memory holds. The events of a part are made when it is asked for.
 *
 * Those of one position are in one part. A page whose events are all read as one each is one part.
 *
 * @param most a part with as many events takes no further position
 * @throws UnknownEventError, InvalidEventError
 */
export function* partsOf(
  page: Iterable<RecordedEvent> & { readonly position: number },
  most: number,
): Generator<PagePart, void, undefined> {
  let events: RecordedEvent[] = [];
  for (const event of page) {
    const last = events.at(-1)?.position;
    if (last !== undefined && events.length >= most && event.position !== last) {
      yield { events, position: last };
      events = [];
    }
    events.push(event);
  }
  yield { events, position: page.position };
}
