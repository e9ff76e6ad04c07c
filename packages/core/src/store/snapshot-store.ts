import type { RecordedEvent } from '../event/event.ts';

/** The state of an aggregate at a version of its stream. */
export interface Snapshot {
  readonly streamVersion: number;
  /** Position of the event at that version. */
  readonly position: number;
  readonly state: unknown;
}

/** A snapshot that was loaded. */
export interface LoadedSnapshot extends Snapshot {
  /**
   * The stream's events from the snapshot's version on, including the event at that version, when the store read them
   * in the same round trip. Without it they are read from the log.
   */
  readonly tail?: readonly RecordedEvent[] | undefined;
}

/** Stores the newest snapshot of each stream. A lost snapshot only makes the next load slower. */
export interface SnapshotStore {
  /** @param key identifies the state's schema and version; a snapshot that was saved under another key is not found. */
  loadSnapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined>;
  saveSnapshot(streamId: string, key: string, snapshot: Snapshot): Promise<void>;
}
