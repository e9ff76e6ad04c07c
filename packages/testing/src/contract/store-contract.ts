import { afterAll, afterEach, describe, test } from 'vitest';
import { guarantees, type StoreGuarantee } from './guarantees.ts';
import type { ContractStore, CreateStoreOptions } from './subject.ts';
import { Trials } from './trial.ts';

/** The argument of {@link storeContract}. */
export interface StoreUnderTest {
  /** The name of the suite. */
  readonly name: string;
  /** Opens a migrated store. It is called many times; the contract disposes of each store. */
  readonly createStore: (options: CreateStoreOptions) => Promise<ContractStore>;
  /** Tests to skip, each with a reason that is printed. */
  readonly skip?: readonly { readonly test: StoreGuarantee; readonly reason: string }[];
}

/** Long enough for a database on a busy machine. */
const TIMEOUT_MS = 60_000;

/**
 * Declares a vitest test for each guarantee of {@link EventStore}. Call it at the top of a test file.
 *
 * ```ts
 * storeContract({
 *   name: 'my store',
 *   createStore: async ({ log, events }) => openMyStore({ database: log, events }),
 * });
 * ```
 *
 * A store may skip a guarantee, with a reason that is printed. The contract tests only what the port can show. Each
 * store needs its own tests for races with an open transaction, for crashes and for restarts.
 */
export function storeContract({ name, createStore, skip = [] }: StoreUnderTest): void {
  describe(name, () => {
    const trials = new Trials(createStore);
    afterEach(() => trials.closeOpened());
    afterAll(() => trials[Symbol.asyncDispose]());

    for (const [topic, tests] of Object.entries(guarantees)) {
      describe(topic, () => {
        for (const [name, holds] of Object.entries(tests)) {
          const skipped = skip.find((one) => one.test === name);
          test(name, { timeout: TIMEOUT_MS }, async (context) => {
            context.skip(skipped !== undefined, skipped?.reason);
            await holds(await trials.next((...ids) => Object.assign(context.task.meta, { guarantees: ids })));
          });
        }
      });
    }
  });
}
