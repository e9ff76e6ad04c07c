import { onAbort } from './on-abort.ts';

/** Waits. Ends early, and without an error, when the signal aborts. */
export async function pause(ms: number, signal?: AbortSignal): Promise<void> {
  if (signal?.aborted === true) return;
  let timer: NodeJS.Timeout | undefined;
  let remove: (() => void) | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
    if (signal !== undefined) remove = onAbort(signal, resolve);
  });
  clearTimeout(timer);
  remove?.();
}
