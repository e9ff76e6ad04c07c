import type { AnyReaction } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
import type { Effect, EffectBatch } from '../effect/effect.ts';
import type { KeyQueue } from '../effect/key-queues.ts';
import { callHandler, type ExecuteCommand } from './call-handler.ts';

/** Calls the handlers of a reaction: keys side by side, up to `concurrency`. */
export function reactionEffect(reaction: AnyReaction, execute: ExecuteCommand): Effect {
  const { concurrency } = reaction;
  return {
    ...reaction,
    keyOf: (event) => reaction.keyOf(event),
    leastBatch: 4 * concurrency,
    keysAtOnce: concurrency,
    process: (queues, batch) =>
      eachQueue(queues, concurrency, (queue) => processQueue(reaction, execute, queue, batch)),
  };
}

async function processQueue(
  reaction: AnyReaction,
  execute: ExecuteCommand,
  queue: KeyQueue,
  { signal, isLate, attemptOf }: EffectBatch,
): Promise<void> {
  for (const event of queue.events) {
    // The first ones begin in any case, so that each batch gets on.
    if (signal.aborted || (isLate() && queue.done > 0)) return;
    const attempt = attemptOf(queue, event);
    try {
      await callHandler(reaction, execute, { event, attempt, signal });
      queue.done += 1;
    } catch (cause) {
      // What was ended with the term is not the event's fault.
      if (!signal.aborted) queue.failure = { cause: readable(cause), attempts: attempt };
      return;
    }
  }
}

/** Processes queues side by side, up to `concurrency` at one time. @throws what `work` throws first */
async function eachQueue(
  queues: readonly KeyQueue[],
  concurrency: number,
  work: (queue: KeyQueue) => Promise<void>,
): Promise<void> {
  const waiting = [...queues];
  const worker = async () => {
    for (let queue = waiting.shift(); queue !== undefined; queue = waiting.shift()) await work(queue);
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, queues.length) }, worker));
}
