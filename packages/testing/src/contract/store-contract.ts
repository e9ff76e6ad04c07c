import { afterAll, afterEach, describe, test } from 'vitest';
import { guarantees, type StoreGuarantee } from './guarantees.ts';
import type { ContractStore, CreateStoreOptions } from './subject.ts';
import { Trials } from './trial.ts';

/** What {@link storeContract} takes. */
export interface StoreUnderTest {
  /** Names the suite. */
  readonly name: string;
  /** Opens a store, ready to be used. Called many times; each store is disposed of by the contract. */
  readonly createStore: (options: CreateStoreOptions) => Promise<ContractStore>;
  /** What this store does not promise, each with a reason, which is printed. */
  readonly skip?: readonly { readonly test: StoreGuarantee; readonly reason: string }[];
}

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
            await isKept(
              await trials.next((...ids) => Object.assign(context.task.meta, { guarantees: ids })),
            );
          });
        }
      });
    }
  });
}
