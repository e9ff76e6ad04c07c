import type { AnyEventGroup, EventStore } from '@leftfold/core';
import type { StoreGuarantee } from './guarantees.ts';

/** A store as the contract uses it. Disposing of it closes it, and leaves its log as it is. */
export type ContractStore = EventStore & AsyncDisposable;

/** What the contract asks of {@link StoreUnderTest.createStore}. */
export interface CreateStoreOptions {
  /**
   * Which log the store works on: stores of one name read and write the same events, and a name that was not used
   * before is an empty log. Lower-case letters, digits and `_`, at most 20 characters.
   */
  readonly log: string;
  /** Every event the store knows. */
  readonly events: readonly AnyEventGroup[];
}

/** What {@link storeContract} takes. */
export interface StoreUnderTest {
  /** Names the suite. */
  readonly name: string;
  /** Opens a store, ready to be used. Called many times; each store is disposed of by the contract. */
  readonly createStore: (options: CreateStoreOptions) => Promise<ContractStore>;
  /** What this store does not promise, each with a reason, which is printed. */
  readonly skip?: readonly { readonly test: StoreGuarantee; readonly reason: string }[];
}
