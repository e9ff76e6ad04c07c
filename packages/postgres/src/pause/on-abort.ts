import { getMaxListeners, setMaxListeners } from 'node:events';
import type { AbortSignalLike } from '@leftfold/core';

/**
 * Calls a listener once when the signal aborts. The caller checks first whether it has.
 *
 * One signal may end any number of waits: Node's warning of a leak, which comes with the eleventh listener, counts only
 * those that others have added.
 *
 * @returns removes the listener
 */
export function onAbort(signal: AbortSignalLike, listener: () => void): () => void {
  let removed = false;
  allowMore(signal, 1);
  signal.addEventListener('abort', listener, { once: true });
  return () => {
    if (removed) return;
    removed = true;
    signal.removeEventListener('abort', listener);
    allowMore(signal, -1);
  };
}

function allowMore(signal: AbortSignalLike, count: 1 | -1): void {
  if (!(signal instanceof EventTarget)) return;
  const allowed = limitOf(signal);
  // 0 stands for any number.
  if (allowed > 0) setMaxListeners(allowed + count, signal);
}

/** Node 20 throws where the limit is 0, of the signal or by default. */
function limitOf(signal: EventTarget): number {
  try {
    return getMaxListeners(signal);
  } catch {
    return 0;
  }
}
