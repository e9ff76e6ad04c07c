import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { Journal } from '../../journal.ts';
import { isOutage } from '../../outage.ts';

/** What starts, and stops. */
interface Startable {
  start(): Promise<void>;
  stop(): Promise<void>;
}

const AGAIN_MS = 100;

export const oneLine = (error: unknown): string => String(error).replaceAll('\n', ' ').slice(0, 500);

/** Runs work, and waits a moment when it fails. What does not end by itself is written down as a violation. */
export async function tryOnce(journal: Journal, work: () => Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (!isOutage(error)) journal.write('bad', oneLine(error));
    await delay(AGAIN_MS);
  }
}

/** Starts a new one until one has started. @returns undefined when the signal aborts before */
export async function startDespiteOutages<T extends Startable>(
  create: () => T,
  journal: Journal,
  signal: AbortSignal,
): Promise<T | undefined> {
  let started: T | undefined;
  while (started === undefined && !signal.aborted)
    await tryOnce(journal, async () => {
      const created = create();
      try {
        await created.start();
        started = created;
      } catch (error) {
        await created.stop();
        throw error;
      }
    });
  return started;
}

export async function untilAborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort');
}
