import type { AnyEventGroup, EventStore } from '@leftfold/core';

/** A store as the contract uses it. Disposing of it closes it, and leaves its log as it is. */
export type ContractStore = EventStore & AsyncDisposable;

/** What the contract asks of `createStore`. */
export interface CreateStoreOptions {
  /**
   * Which log the store works on: stores of one name read and write the same events, and a name that was not used
   * before is an empty log. Lower-case letters, digits and `_`, at most 20 characters.
   */
  readonly log: string;
  /** Every event the store knows. */
  readonly events: readonly AnyEventGroup[];
}
