import { aggregateIdOf } from '@leftfold/core';
import type { App } from 'leftfold';
import type { RequestTrips, ServiceMessage } from './journal-entry.ts';

/**
 * Runs an app as a process of the launcher, until that ends: tells it each event of the log, from the beginning on, and
 * requests trips when it asks for them.
 */
export function runService(
  app: Pick<App, 'store' | 'close'>,
  request: (trips: readonly string[]) => Promise<void> = async () => {},
): void {
  const ended = new AbortController();
  const tell = (message: ServiceMessage) => {
    if (process.connected) process.send?.(message);
  };
  const work: Promise<void>[] = [];
  process.on('message', ({ trips }: RequestTrips) => void work.push(request(trips)));
  work.push(tellEvents());
  tell({ kind: 'ready' });

  async function tellEvents(): Promise<void> {
    for await (const { id, type, streamId, data } of app.store.subscribe({ signal: ended.signal })) {
      const { outcome } = data as { readonly outcome?: string };
      tell({ kind: 'event', id, type, tripId: aggregateIdOf(streamId), outcome });
    }
  }

  let ending: Promise<void> | undefined;
  const end = () => {
    ending ??= (async () => {
      ended.abort();
      await app.close();
      await Promise.allSettled(work);
      process.exit();
    })();
  };
  process.on('disconnect', end);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, end);
}
