import {
  type AnyProjection,
  InvalidArgumentError,
  LeftfoldError,
  RebuildDroppedError,
  RebuildRefusedError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause, tell } from '@leftfold/postgres';
import {
  readCheckpoints,
  readProgress,
  type SubscriptionRef,
  type SubscriptionRunner,
  withStoreErrors,
} from '@leftfold/subscriptions';
import { definitionHashOf } from '../runner/declared.ts';
import { beginRebuild, type CopyRow, dropCopy, readCopies, resumeCopy } from '../sql/copies.ts';
import { copyRef } from './copy-ref.ts';
import {
  assertRebuildOptions,
  assertRollbackOptions,
  type AnyRebuildOptions,
  type AnyRebuildResult,
  type RebuildResult,
  type RollbackOptions,
} from './rebuild-options.ts';
import { decideBy } from './decide-by.ts';
import { rebuildFailed } from './rebuild-failed.ts';
import { type RebuildStatus, toRebuildStatus } from './rebuild-status.ts';

const POLL_MS = 200;
const OUTAGE_POLL_MS = 1_000;

/** Builds copies of projections' tables while these serve. */
export class Rebuilds {
  readonly #store: PostgresEventStore;
  readonly #runner: SubscriptionRunner;

  constructor(store: PostgresEventStore, runner: SubscriptionRunner) {
    this.#store = store;
    this.#runner = runner;
  }

  /**
   * @throws InvalidArgumentError, RebuildRefusedError, and the errors of {@link untilSwitched}; with a condition, those of
   * {@link decideBy}, and what the condition throws
   */
  async rebuild(projection: AnyProjection, options: AnyRebuildOptions): Promise<AnyRebuildResult> {
    assertRebuildOptions(options);
    const { switchIf } = options;
    const rebuildId = await this.#begin(projection, options);
    if (switchIf === undefined) return this.#untilSwitched(projection, rebuildId, options);
    await this.#until(projection, rebuildId, options, ({ state }) => state === 'caught-up');
    const gate = { ...options, switchIf };
    const { switches, difference } = await decideBy(this.#store, projection, rebuildId, gate);
    if (!switches) return { outcome: 'kept', difference };
    return { ...(await this.#untilSwitched(projection, rebuildId, options)), difference };
  }

  /** Begins a rebuild, or joins one. @returns its id */
  async #begin(projection: AnyProjection, options: AnyRebuildOptions): Promise<string> {
    const switches = options.switchIf === undefined;
    const { eventsPerSecond } = options;
    const serving = switches ? 1 : await this.#slicesOf(projection);
    // Slices that serve are each at a position of their own, which only the same slice of the copy can come to.
    const isDivided = serving > 1 && projection.mode !== 'inline';
    const { slices = isDivided ? serving : projection.slices } = options;
    if (projection.mode === 'inline' && slices > 1)
      throw new InvalidArgumentError('slices', 'must be 1 for a projection that is inline');
    options.signal?.throwIfAborted();
    if (serving > 1 && serving !== slices)
      throw new RebuildRefusedError(
        projection,
        `its ${serving} slices cannot be compared with ${slices}; call rebuild() with switchIf and without slices`,
      );
    const { name, version } = projection;
    const asked = { name, version, definitionHash: definitionHashOf(projection) };
    const release = this.#runner.releaseOf(copyRef(projection));
    const begun = await withStoreErrors(
      this.#store,
      () => beginRebuild(this.#store, asked, { slices, eventsPerSecond, switches, release }),
      `the rebuild of projection "${name}"`,
    );
    if (begun.outcome === 'kept')
      throw new RebuildRefusedError(
        projection,
        `the new tables would not have ${begun.objects.join(', ')}; drop them first, and create them again after the switch`,
      );
    // Says how the definitions differ, or that there is none in the database.
    if (begun.outcome === 'missing' || begun.outcome === 'mismatched') {
      await this.#runner.assertSame(projection);
      throw new RebuildRefusedError(projection, 'its tables are not there; call migrate() first');
    }
    if (begun.outcome === 'started') await this.#lookForLeases(projection);
    return begun.rebuildId;
  }

  /** The copy is built no further until it is resumed. @throws RebuildRefusedError when none is being built */
  async pause(projection: AnyProjection): Promise<void> {
    await this.#assertBuilding(projection);
    await whileThere(projection, (copy) => this.#runner.pause(copy));
  }

  /** Continues after a pause, or at the event where it stopped. @throws RebuildRefusedError when none is being built */
  async resume(projection: AnyProjection): Promise<void> {
    const { name, version } = projection;
    const asked = { name, version, definitionHash: definitionHashOf(projection) };
    const release = this.#runner.releaseOf(copyRef(projection));
    const resumed = await withStoreErrors(this.#store, () =>
      resumeCopy(this.#store, asked, { rollsBack: false, release }),
    );
    if (resumed.outcome !== 'resumed') throw new RebuildRefusedError(projection, 'it is not being rebuilt');
    await this.#lookForLeases(projection);
  }

  /** @throws RebuildRefusedError when there are no tables that served before; and the errors of a rebuild */
  async rollback(projection: AnyProjection, options: RollbackOptions): Promise<RebuildResult> {
    assertRollbackOptions(options);
    options.signal?.throwIfAborted();
    const { name, version } = projection;
    const asked = { name, version, definitionHash: definitionHashOf(projection) };
    const release = this.#runner.releaseOf(copyRef(projection));
    const begun = await withStoreErrors(this.#store, () =>
      resumeCopy(this.#store, asked, { rollsBack: true, release }),
    );
    if (begun.outcome === 'mismatched')
      throw new RebuildRefusedError(projection, 'the tables that served before are of another definition');
    if (begun.outcome === 'missing')
      throw new RebuildRefusedError(
        projection,
        'no rebuild() of this version has switched, so that there are no tables that served before; to go back from a raised version, deploy the release with the version before',
      );
    await this.#lookForLeases(projection);
    return this.#untilSwitched(projection, begun.rebuildId, options);
  }

  /**
   * Drops the copy, whatever its state is. It is paused first, and stays so when it cannot be dropped now.
   *
   * @throws RebuildRefusedError when there is none
   */
  async drop(projection: AnyProjection): Promise<void> {
    const what = `dropping the copy of projection "${projection.name}"`;
    // Otherwise batch after batch could have its tables.
    if ((await this.#copyOf(projection)) !== undefined)
      await whileThere(projection, (copy) => this.#runner.pause(copy));
    const dropped = await withStoreErrors(this.#store, () => dropCopy(this.#store, projection), what);
    if (!dropped) throw new RebuildRefusedError(projection, 'there is no copy of its tables');
  }

  /** Of each projection, in their order: undefined for one without a copy. */
  async status(projections: readonly AnyProjection[]): Promise<readonly (RebuildStatus | undefined)[]> {
    const copies = await withStoreErrors(this.#store, () => readCopies(this.#store, projections));
    if (copies.length === 0) return projections.map(() => undefined);
    const refs = copies.map(copyRef);
    const slices = await withStoreErrors(this.#store, () => readCheckpoints(this.#store, refs));
    const progress = await withStoreErrors(this.#store, () => readProgress(this.#store, refs));
    const mark = await this.#store.highWaterMark();
    return projections.map(({ name, version }) => {
      const copy = copies.find((one) => one.name === name && one.version === version);
      if (copy === undefined) return undefined;
      const ref = copyRef(copy);
      const isOwn = (slice: SubscriptionRef) => slice.name === ref.name && slice.version === ref.version;
      const hasProcess = progress.some((slice) => isOwn(slice) && slice.has_process);
      return toRebuildStatus(copy, slices.filter(isOwn), { highWaterMark: mark, hasProcess });
    });
  }

  async #untilSwitched(
    projection: AnyProjection,
    rebuildId: string,
    options: RollbackOptions,
  ): Promise<RebuildResult> {
    const { switchedAt } = await this.#until(
      projection,
      rebuildId,
      options,
      ({ state }) => state === 'previous',
    );
    return { outcome: 'switched', switchedAt: switchedAt! };
  }

  /**
   * Waits for a state of the copy. While the database is away it waits, as those do that build.
   *
   * @throws SubscriptionFailedError, RebuildDroppedError; ClosedError when the runner is stopped meanwhile
   */
  async #until(
    projection: AnyProjection,
    rebuildId: string,
    { signal, onProgress }: RollbackOptions,
    isOver: (status: RebuildStatus) => boolean,
  ): Promise<RebuildStatus> {
    for (;;) {
      signal?.throwIfAborted();
      let waitMs = POLL_MS;
      try {
        const status = await this.#statusOf(projection, rebuildId);
        if (status !== undefined) tell(onProgress, status);
        if (status !== undefined && isOver(status)) return status;
        const failure = status?.failure;
        if (failure !== undefined) throw rebuildFailed(projection, failure);
      } catch (error) {
        if (!LeftfoldError.is(error) || error.code !== 'STORE_UNAVAILABLE' || this.#store.closed) throw error;
        waitMs = OUTAGE_POLL_MS;
      }
      await pause(waitMs, signal);
    }
  }

  /** @returns undefined while it cannot be told */
  async #statusOf(projection: AnyProjection, rebuildId: string): Promise<RebuildStatus | undefined> {
    const copy = await this.#copyOf(projection);
    if (copy?.rebuild_id !== rebuildId) throw new RebuildDroppedError(projection);
    const [status] = await this.status([projection]);
    // Read in two statements: of two sides of a switch, the earlier one is waited out.
    return copy.state === 'previous' || status?.state !== 'previous' ? status : undefined;
  }

  async #copyOf(projection: AnyProjection): Promise<CopyRow | undefined> {
    const [copy] = await withStoreErrors(this.#store, () => readCopies(this.#store, [projection]));
    return copy;
  }

  /** In how many slices the version serves. */
  async #slicesOf(projection: AnyProjection): Promise<number> {
    const { length } = await withStoreErrors(this.#store, () => readCheckpoints(this.#store, [projection]));
    return length;
  }

  /** Without a wait for the next check. @throws RebuildDroppedError */
  #lookForLeases(projection: AnyProjection): Promise<void> {
    return whileThere(projection, (copy) => this.#runner.resume(copy));
  }

  async #assertBuilding(projection: AnyProjection): Promise<void> {
    const copy = await this.#copyOf(projection);
    if (copy?.state !== 'building') throw new RebuildRefusedError(projection, 'it is not being rebuilt');
  }
}

/** Changes a copy, which another call can have dropped since it was looked at. @throws RebuildDroppedError when it has */
async function whileThere(
  projection: AnyProjection,
  change: (copy: SubscriptionRef) => Promise<void>,
): Promise<void> {
  try {
    await change(copyRef(projection));
  } catch (error) {
    if (!LeftfoldError.is(error) || error.code !== 'SUBSCRIPTION_NOT_FOUND') throw error;
    throw new RebuildDroppedError(projection);
  }
}
