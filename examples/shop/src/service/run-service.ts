import { aggregateIdOf } from '@leftfold/core';
import type { App } from 'leftfold';
import type { PlaceOrders, ServiceMessage } from './journal-entry.ts';

/**
 * Runs an app as a process of the launcher, until that ends: tells it each event of the log, from the beginning on, and
 * places orders when it asks for them.
 */
export function runService(
  app: Pick<App, 'store' | 'close'>,
  place: (orders: number) => Promise<void> = async () => {},
): void {
  const ended = new AbortController();
  const tell = (message: ServiceMessage) => {
    if (process.connected) process.send?.(message);
  };
  const work: Promise<void>[] = [];
  process.on('message', ({ place: orders }: PlaceOrders) => void work.push(place(orders)));
  work.push(tellEvents());
  tell({ kind: 'ready' });

  async function tellEvents(): Promise<void> {
    for await (const { id, type, streamId } of app.store.subscribe({ signal: ended.signal }))
      tell({ kind: 'event', id, type, orderId: aggregateIdOf(streamId) });
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
