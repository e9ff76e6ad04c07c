import type { AnyReaction } from '@leftfold/core';
import type { Effect } from '../effect/effect.ts';
import { processQueues } from '../effect/process-queues.ts';
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
      processQueues(queues, concurrency, batch, (event, attempt) =>
        callHandler(reaction, execute, { event, attempt, signal: batch.signal }),
      ),
  };
}
