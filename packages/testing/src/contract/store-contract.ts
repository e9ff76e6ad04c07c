import { afterAll, afterEach, describe, test } from 'vitest';
import { guarantees } from './guarantees.ts';
import type { StoreUnderTest } from './subject.ts';
import { Trials } from './trial.ts';

/** A database on a busy machine may take its time; a promise that is broken does not get better by it. */
const TIMEOUT_MS = 60_000;

/**
 * Every promise that {@link EventStore} makes, as tests of vitest. Call it at the top of a test file.
 *
 * ```ts
 * storeContract({
 *   name: 'my store',
 *   createStore: async ({ log, events }) => openMyStore({ database: log, events }),
 * });
 * ```
 *
 * A store may skip a promise with a reason, which is printed. What a port cannot show is not in it: races that are
 * built by holding a transaction open, crashes, what survives a restart. Those are tests of each store.
 */
export function storeContract({ name, createStore, skip = [] }: StoreUnderTest): void {
  describe(name, () => {
    const trials = new Trials(createStore);
    afterEach(() => trials.closeOpened());
    afterAll(() => trials[Symbol.asyncDispose]());

    for (const [topic, promises] of Object.entries(guarantees)) {
      describe(topic, () => {
        for (const [promise, isKept] of Object.entries(promises)) {
          const skipped = skip.find((one) => one.test === promise);
          test(promise, { timeout: TIMEOUT_MS }, async (context) => {
            context.skip(skipped !== undefined, skipped?.reason);
            await isKept(await trials.next());
          });
        }
      });
    }
  });
}
