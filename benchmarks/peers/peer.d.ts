import type { Entry } from '../src/domain/entry.ts';

/** What every file of this folder that is named after a peer exports. */
export interface PeerModule {
  open(connectionString: string): Promise<Peer>;
}

export interface Peer {
  /** One event to a new stream, demanding that there be no such stream. */
  append(accountId: string, entry: Entry): Promise<unknown>;
  /** Many events to a new stream. */
  appendMany(accountId: string, entries: readonly Entry[]): Promise<unknown>;
  /**
   * Begins to bring the table `balances` up to date from the beginning, as a projection that never ran before.
   *
   * @param name another one each time
   * @returns how to stop it
   */
  project?(name: string): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}
