import type { RecordedEvent } from '@leftfold/core';
import { assertFunction, assertOptions } from '@leftfold/core/input';

/** How often progress is reported, in events read. */
const REPORT_EVENTS = 1_000;

/** How far the log has been read for a question about its past. */
export interface ReadProgress {
  readonly position: number;
  /** The position where the read ends. */
  readonly end: number;
}

/** Options of what reads the log from its beginning, which takes time on a large one. */
export interface ReadLogOptions {
  /** Ends the read with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called each thousand events, and at the end. */
  readonly onProgress?: ((progress: ReadProgress) => void) | undefined;
}

/** @throws InvalidArgumentError when an option is misspelt, or is none */
export function assertReadLogOptions(options: ReadLogOptions, names: Readonly<Record<string, true>>): void {
  assertOptions('options', options, names);
  assertFunction('onProgress', options.onProgress);
}

/** The events up to a position, with progress. @throws the signal's reason, with which a store ends a read in silence */
export async function* readUpTo<TEvent extends RecordedEvent>(
  end: number,
  events: AsyncIterable<TEvent>,
  { signal, onProgress }: ReadLogOptions,
): AsyncGenerator<TEvent, void, undefined> {
  signal?.throwIfAborted();
  let read = 0;
  for await (const event of events) {
    signal?.throwIfAborted();
    if (event.position > end) break;
    read += 1;
    if (read % REPORT_EVENTS === 0) onProgress?.({ position: event.position, end });
    yield event;
  }
  signal?.throwIfAborted();
  onProgress?.({ position: end, end });
}
