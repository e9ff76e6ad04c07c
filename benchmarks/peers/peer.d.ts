import type { Entry } from '../src/domain/entry.ts';

/** The exports of each file of this folder that is named after a peer. */
export interface PeerModule {
  open(connectionString: string): Promise<Peer>;
}

export interface Peer {
  /** Appends one event to a new stream, and expects that the stream does not exist. */
  append(accountId: string, entry: Entry): Promise<unknown>;
  /** Appends many events to a new stream. */
  appendMany(accountId: string, entries: readonly Entry[]): Promise<unknown>;
  /**
   * Starts a new projection, which fills the table `balances` from the beginning of the log.
   *
   * @param name a new name each time
   * @returns a function that stops the projection
   */
  project?(name: string): Promise<() => Promise<unknown>>;
  close(): Promise<unknown>;
}
