import type { AnyEventGroup, EventStore } from '@leftfold/core';

/** A store under test. Disposing of it closes it and keeps its log. */
export type ContractStore = EventStore & AsyncDisposable;

/** The options that the contract passes to `createStore`. */
export interface CreateStoreOptions {
  /**
   * The name of the store's log. Stores with the same name read and write the same events; a new name is an empty log.
   * Lower-case letters, digits and `_`, at most 20 characters.
   */
  readonly log: string;
  /** All event definitions of the store. */
  readonly events: readonly AnyEventGroup[];
}
