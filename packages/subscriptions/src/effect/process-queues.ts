import type { RecordedEvent } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import type { EffectBatch } from './effect.ts';
import type { KeyQueue } from './key-queues.ts';

/** One attempt to process an event. @throws why it failed */
export type ProcessEvent = (event: RecordedEvent, attempt: number) => Promise<unknown>;

/** Processes queues side by side, up to `concurrency` at one time, and the events of each in order until one fails. */
export async function processQueues(
  queues: readonly KeyQueue[],
  concurrency: number,
  batch: EffectBatch,
  processEvent: ProcessEvent,
): Promise<void> {
  const waiting = [...queues];
  const worker = async () => {
    for (let queue = waiting.shift(); queue !== undefined; queue = waiting.shift())
      await processQueue(queue, batch, processEvent);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, queues.length) }, worker));
}

async function processQueue(
  queue: KeyQueue,
  { signal, isLate, attemptOf }: EffectBatch,
  processEvent: ProcessEvent,
): Promise<void> {
  for (const event of queue.events) {
    // The first ones begin in any case, so that each batch gets on.
    if (signal.aborted || (isLate() && queue.done > 0)) return;
    const attempt = attemptOf(queue, event);
    try {
      await processEvent(event, attempt);
      queue.done += 1;
    } catch (cause) {
      // What was ended with the term is not the event's fault.
      if (!signal.aborted) queue.failure = { cause: readable(cause), attempts: attempt };
      return;
    }
  }
}
