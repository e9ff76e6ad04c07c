import type { PostgresEventStore } from '@leftfold/event-store';
import { namingLockHolders, toLeftfoldError } from '@leftfold/postgres';

/**
 * Makes requests to the database, whose errors become typed ones.
 *
 * @param what for the message when it waits for locks in vain
 */
export async function withStoreErrors<TResult>(
  { schema, run }: Pick<PostgresEventStore, 'schema' | 'run'>,
  work: () => Promise<TResult>,
  what?: string,
): Promise<TResult> {
  const working = what === undefined ? work() : namingLockHolders({ what, schema, run }, work);
  return working.catch((error: unknown) => {
    throw toLeftfoldError(error, schema);
  });
}
