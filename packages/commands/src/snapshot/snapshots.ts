import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  type AnyAggregate,
  estimatedSize,
  InFlight,
  type InFlightLimits,
  type LoadedSnapshot,
  type SnapshotStore,
} from '@leftfold/core';
import type { FoldedState } from '../load/folded.ts';
import { snapshotKeyOf } from './snapshot-key.ts';
import { fromKeptState, toKeptState } from './snapshot-state.ts';

/** The aggregate whose snapshot failed. */
export interface SnapshotOwner {
  readonly aggregate: string;
  readonly streamId: string;
}

/** Snapshots that a process writes at a time, and the estimated bytes of their states. More would take connections from appends. */
const WRITE_LIMITS: InFlightLimits = { what: 'snapshots', count: 4, memory: 32 * 1024 * 1024 };

interface Stream {
  readonly aggregate: AnyAggregate;
  readonly streamId: string;
}

/** Reads and writes snapshots. Failures are reported and never fail a command. */
export class Snapshots {
  readonly #store: SnapshotStore | undefined;
  readonly #onError: (error: unknown, owner: SnapshotOwner) => void;
  readonly #keys = new Map<AnyAggregate, string>();
  readonly #writes = new InFlight(WRITE_LIMITS);

  constructor(store: SnapshotStore | undefined, onError: (error: unknown, owner: SnapshotOwner) => void) {
    this.#store = store;
    this.#onError = onError;
  }

  /** @returns undefined when there is no usable snapshot */
  async load({ aggregate, streamId }: Stream): Promise<LoadedSnapshot | undefined> {
    if (this.#store === undefined || aggregate.snapshots === undefined) return undefined;
    try {
      const snapshot = await this.#store.loadSnapshot(streamId, this.#keyOf(aggregate));
      if (snapshot === undefined) return undefined;
      const kept = fromKeptState(snapshot.state);
      if (kept !== undefined) return { ...snapshot, state: kept.state };
      throw new TypeError(
        `the snapshot of stream "${streamId}" is broken; the stream is read from its beginning`,
      );
    } catch (error) {
      this.report(error, { aggregate, streamId });
      return undefined;
    }
  }

  /**
   * Starts writing a snapshot when the aggregate's policy asks for one, without waiting for it.
   *
   * @returns the state, with the version of the snapshot that is being written
   */
  saveIfDue({ aggregate, streamId }: Stream, folded: FoldedState): FoldedState {
    const { snapshots: policy } = aggregate;
    const store = this.#store;
    if (store === undefined || policy === undefined) return folded;
    if (folded.streamVersion - folded.snapshotVersion < policy.everyEvents || this.#writes.isFull)
      return folded;
    this.#writes
      .run(() => this.#save(store, { aggregate, streamId }, folded), estimatedSize(folded.state))
      .catch((error: unknown) => this.report(error, { aggregate, streamId }));
    return { ...folded, snapshotVersion: folded.streamVersion };
  }

  report(error: unknown, { aggregate, streamId }: Stream): void {
    this.#onError(error, { aggregate: aggregate.name, streamId });
  }

  /** Resolves when no snapshot is being written. */
  async idle(): Promise<void> {
    await this.#writes.idle();
  }

  async #save(store: SnapshotStore, { aggregate, streamId }: Stream, folded: FoldedState): Promise<void> {
    // Return the command's result before spending time on the JSON.
    await nextTurn();
    const state = toKeptState(folded.state);
    if (state === undefined) {
      throw new TypeError(
        `no snapshot of aggregate "${aggregate.name}" was written: its state does not survive JSON (a Date, a Map, undefined, a class instance); keep plain JSON in it, or remove its snapshots policy`,
      );
    }
    const { streamVersion, position } = folded;
    await store.saveSnapshot(streamId, this.#keyOf(aggregate), { streamVersion, position, state });
  }

  #keyOf(aggregate: AnyAggregate): string {
    const key = this.#keys.get(aggregate) ?? snapshotKeyOf(aggregate);
    this.#keys.set(aggregate, key);
    return key;
  }
}
