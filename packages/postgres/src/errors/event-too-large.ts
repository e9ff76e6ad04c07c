import { AppendTooLargeError } from '@leftfold/core';

/** Raised by the log's own functions: the event is larger than the log takes, whatever the store's own limit is. */
export const EVENT_TOO_LARGE = 'LF007';

/**
 * The detail is made by `_validate_event`. A function of the user may raise the same code with another one.
 *
 * @returns undefined for another one
 */
export function eventTooLarge(cause: unknown, schema: string): AppendTooLargeError | undefined {
  const sizes = sizesIn(cause);
  if (sizes === undefined) return undefined;
  const { streamId, bytes, limit } = sizes;
  const fix = `make it smaller, or let the owner raise max_event_size of "${schema}".log to twice the limits.eventBytes of the store`;
  return new AppendTooLargeError(streamId, 'bytes of an event as the database stores it', bytes, limit, {
    cause,
    fix,
  });
}

interface EventSizes {
  readonly streamId: string;
  readonly bytes: number;
  readonly limit: number;
}

function sizesIn(cause: unknown): EventSizes | undefined {
  try {
    const { streamId, bytes, limit } = JSON.parse(
      (cause as { readonly detail: string }).detail,
    ) as EventSizes;
    return { streamId, bytes, limit };
  } catch {
    return undefined;
  }
}
