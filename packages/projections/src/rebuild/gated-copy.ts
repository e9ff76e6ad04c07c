import { type AnyProjection, RebuildDroppedError, RebuildRefusedError } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause } from '@leftfold/postgres';
import {
  type Checkpoint,
  readCheckpoints,
  type SchemaConnection,
  withStoreErrors,
} from '@leftfold/subscriptions';
import type { Follower } from '../replay/hold-serving.ts';
import type { ReachOptions } from '../replay/replay.ts';
import { leadCopy, readCopies } from '../sql/copies.ts';
import { copyRef } from './copy-ref.ts';
import { rebuildFailed } from './rebuild-failed.ts';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 100;

/** The copy of a rebuild that waits for a decision: the calling process leads it to the positions of what serves. */
export class GatedCopy implements Follower {
  readonly #store: PostgresEventStore;
  readonly #projection: AnyProjection;
  readonly #rebuildId: string;

  constructor(store: PostgresEventStore, projection: AnyProjection, rebuildId: string) {
    this.#store = store;
    this.#projection = projection;
    this.#rebuildId = rebuildId;
  }

  /**
   * Waits until each slice is at its position or beyond. No slice goes further than it was told, until {@link free}.
   *
   * @returns false when the time is over
   * @throws RebuildDroppedError, RebuildRefusedError, SubscriptionFailedError
   */
  async reach(
    positions: readonly number[],
    { signal, timeoutMs = Number.POSITIVE_INFINITY, onPosition }: ReachOptions = {},
  ): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    const copy = { ...this.#projection, rebuildId: this.#rebuildId };
    await withStoreErrors(this.#store, () => leadCopy(this.#store, copy, positions));
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_POLL_MS)) {
      signal?.throwIfAborted();
      const slices = await withStoreErrors(this.#store, () => this.#slices(this.#store));
      this.#assertComparable(slices, positions);
      onPosition?.(Math.min(...slices.map(({ position }) => position)));
      if (slices.every(({ position, slice }) => position >= wantedOf(positions, slice))) return true;
      if (performance.now() >= deadline) return false;
      await pause(Math.min(pauseMs, Math.max(1, deadline - performance.now())), signal);
    }
  }

  /** Whether each slice is exactly at its position, as this connection sees it. @throws the errors of {@link reach} */
  async isAt(connection: SchemaConnection, positions: readonly number[]): Promise<boolean> {
    const slices = await this.#slices(connection);
    this.#assertComparable(slices, positions);
    return slices.every(({ position, slice }) => position === wantedOf(positions, slice));
  }

  /** Lets it follow the log. */
  async free(): Promise<void> {
    const copy = { ...this.#projection, rebuildId: this.#rebuildId };
    await withStoreErrors(this.#store, () => leadCopy(this.#store, copy, undefined));
  }

  async #slices(connection: SchemaConnection): Promise<readonly Checkpoint[]> {
    await assertUndecided(connection, this.#projection, this.#rebuildId);
    return readCheckpoints(connection, [copyRef(this.#projection)]);
  }

  #assertComparable(slices: readonly Checkpoint[], positions: readonly number[]): void {
    const failed = slices.find(({ failure }) => failure !== undefined);
    if (failed?.failure !== undefined) throw rebuildFailed(this.#projection, failed.failure);
    if (positions.length !== 1 && positions.length !== slices.length)
      throw new RebuildRefusedError(
        this.#projection,
        `its ${positions.length} slices cannot be compared with ${slices.length}; drop the copy, and call rebuild() with switchIf and without slices`,
      );
  }
}

/** What serves is in one slice, or in as many as the copy. */
function wantedOf(positions: readonly number[], slice: number): number {
  return positions.length === 1 ? positions[0]! : positions[slice]!;
}

/**
 * Asserts that the copy waits for a decision.
 *
 * @throws RebuildDroppedError; RebuildRefusedError when another call has decided
 */
export async function assertUndecided(
  connection: SchemaConnection,
  projection: AnyProjection,
  rebuildId: string,
): Promise<void> {
  const [copy] = await readCopies(connection, [projection]);
  if (copy?.rebuild_id !== rebuildId) throw new RebuildDroppedError(projection);
  if (copy.state === 'building' && !copy.switches) return;
  throw new RebuildRefusedError(
    projection,
    'another call of rebuild() has let the new tables serve once they have caught up',
  );
}
