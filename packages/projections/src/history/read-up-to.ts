import type { Progress, RecordedEvent } from '@leftfold/core';
import { assertFunction, assertOptions, ProgressMeter } from '@leftfold/core/input';
import { tell } from '@leftfold/postgres';

/** How often progress is reported, in events read. */
const REPORT_EVENTS = 1_000;

/** Options of what reads the log from its beginning, which takes time on a large one. */
export interface ReadLogOptions {
  /** Ends the read with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Called each thousand events, and at the end. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
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
  const meter = new ProgressMeter(() => performance.now(), 0);
  let read = 0;
  for await (const event of events) {
    signal?.throwIfAborted();
    if (event.position > end) break;
    read += 1;
    if (read % REPORT_EVENTS === 0) tell(onProgress, meter.at(event.position, end));
    yield event;
  }
  signal?.throwIfAborted();
  tell(onProgress, meter.at(end, end));
}
