import type { RecordedEvent } from '../event/event.ts';
import type { StoredPlace } from './reading.ts';

/** The state of an aggregate at a version of its stream. */
export interface Snapshot {
  readonly streamVersion: number;
  /** Position of the event at that version. */
  readonly position: number;
  readonly state: unknown;
}

/** The end of a stream, from a snapshot's version on. */
export interface StreamTail {
  /** The stored event at the snapshot's version. */
  readonly first: StoredPlace;
  /** The events after it. */
  readonly events: readonly RecordedEvent[];
  /** The last stored event of the stream. */
  readonly last: StoredPlace;
}

/** A snapshot that was loaded. */
export interface LoadedSnapshot extends Snapshot {
  /** Given when the store read it in the same round trip. Without it the events are read from the log. */
  readonly tail?: StreamTail | undefined;
}

/** Stores the newest snapshot of each stream. A lost snapshot only makes the next load slower. */
export interface SnapshotStore {
  /** @param key identifies the state's schema and version; a snapshot that was saved under another key is not found. */
  loadSnapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined>;
  saveSnapshot(streamId: string, key: string, snapshot: Snapshot): Promise<void>;
}
