import { AsyncLocalStorage } from 'node:async_hooks';
import { InvalidArgumentError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';

type Store = Pick<PostgresEventStore, 'schema'>;

/** A read whose work runs, and holds a connection of the store's pool. */
interface OpenRead {
  readonly store: Store;
  isOpen: boolean;
}

const reads = new AsyncLocalStorage<OpenRead>();

/** Runs the work of a read. */
export async function asOpenRead<TResult>(store: Store, work: () => Promise<TResult>): Promise<TResult> {
  const read = { store, isOpen: true };
  try {
    return await reads.run(read, work);
  } finally {
    read.isOpen = false; // what the work has begun may go on
  }
}

/**
 * Reads that each hold one connection while they ask for another one would wait for each other as soon as there are as many of
 * them as connections.
 *
 * @throws InvalidArgumentError in the work of a read of this store
 */
export function assertNoOpenRead(store: Store): void {
  const read = reads.getStore();
  if (read?.isOpen !== true || read.store !== store) return;
  throw new InvalidArgumentError(
    'work',
    'of app.read must make its queries with the db that it gets; other ones need a second connection while it holds one: name all of the projections in one app.read, or make the other query before or after it',
  );
}
