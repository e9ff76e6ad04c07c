import {
  type AnyProjection,
  LeftfoldError,
  RebuildRefusedError,
  StoreUnavailableError,
  SubscriptionFailedError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { pause } from '@leftfold/postgres';
import {
  type Checkpoint,
  createSubscriptionRunner,
  type OnIncident,
  readCheckpoints,
  type SchemaConnection,
  type SubscriptionIncident,
  type SubscriptionRunner,
  withStoreErrors,
} from '@leftfold/subscriptions';
import { definitionHashOf } from '../runner/declared.ts';
import { REPLAY, replaySubscription } from '../runner/projection-subscription.ts';
import type { ProjectionKey } from '../sql/inline.ts';
import { beginReplay, dropReplay, keepReplay, leadReplay, replaySchema } from '../sql/replays.ts';

const FIRST_POLL_MS = 5;
const MAX_POLL_MS = 100;
const OUTAGE_POLL_MS = 1_000;
/** Of the two minutes after which a replay counts as abandoned. */
const KEEP_MS = 20_000;

export interface ReplayOptions {
  readonly store: PostgresEventStore;
  readonly onIncident: OnIncident;
  /** Most events of a batch. @default 5000 */
  readonly batchSize?: number | undefined;
}

export interface ReachOptions {
  /** Ends the wait with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds. @default no limit */
  readonly timeoutMs?: number | undefined;
  /** Called now and then, with the position that every slice has reached. */
  readonly onPosition?: ((position: number) => void) | undefined;
}

/**
 * A copy of a projection's tables that the calling process builds for itself, up to the positions that it is told. What
 * serves is not touched. It is dropped when it is disposed of; one whose process was killed is dropped by another one.
 */
export class Replay implements AsyncDisposable {
  /** The schema of its tables. */
  readonly schema: string;
  /** Its subscription. */
  readonly ref: ProjectionKey;
  readonly #projection: AnyProjection;
  readonly #store: PostgresEventStore;
  readonly #runner: SubscriptionRunner;
  readonly #keeping: NodeJS.Timeout;
  /** Of the log that it is made of. */
  readonly #era: number;

  private constructor(
    projection: AnyProjection,
    ref: ProjectionKey,
    { store, onIncident, batchSize }: ReplayOptions,
  ) {
    this.schema = replaySchema(store.schema, ref.name);
    this.#projection = projection;
    this.ref = ref;
    this.#store = store;
    this.#era = store.era;
    this.#runner = createSubscriptionRunner({
      store,
      subscriptions: [replaySubscription(projection, { store, ref, tableSchema: this.schema })],
      onIncident: (incident) => {
        // An event that what serves has parked, or would park: nothing is to be done for a copy that is dropped.
        if (!isParking(projection, incident)) onIncident(incident);
      },
      batchSize,
    });
    // A failed attempt is followed by others, long before the replay counts as abandoned.
    this.#keeping = setInterval(() => void keepReplay(store, ref).catch(() => {}), KEEP_MS).unref();
  }

  /**
   * @param positions up to where each of its slices goes
   * @throws RebuildRefusedError when the projection has no tables, or is defined in another way
   */
  static async begin(
    projection: AnyProjection,
    positions: readonly number[],
    options: ReplayOptions,
  ): Promise<Replay> {
    const { store } = options;
    const { name, version } = projection;
    const defined = { name, version, definitionHash: definitionHashOf(projection) };
    const begun = await withStoreErrors(
      store,
      () => beginReplay(store, defined, positions),
      `the replay of projection "${name}"`,
    );
    if (begun.outcome !== 'started')
      throw new RebuildRefusedError(
        projection,
        begun.outcome === 'missing'
          ? 'its tables are not there; call migrate() first'
          : 'this database has another definition of it; raise its version, or reset() it',
      );
    const replay = new Replay(projection, { name: begun.name, version }, options);
    try {
      await replay.#runner.start();
    } catch (error) {
      await replay[Symbol.asyncDispose]();
      throw error;
    }
    return replay;
  }

  /**
   * Waits until each slice is exactly at its position, or at a higher one that it was told before. While the database is
   * away it waits, as the work on the replay does.
   *
   * @returns false when the time is over
   * @throws SubscriptionFailedError when an event could not be applied
   * @throws LogRewoundError when the log has gone back since the replay was begun
   * @throws StoreUnavailableError when the replay was taken for an abandoned one: the process was paused
   */
  async reach(
    positions: readonly number[],
    { signal, timeoutMs = Number.POSITIVE_INFINITY, onPosition }: ReachOptions = {},
  ): Promise<boolean> {
    const deadline = performance.now() + timeoutMs;
    await withStoreErrors(this.#store, () => leadReplay(this.#store, this.ref, positions));
    for (let pauseMs = FIRST_POLL_MS; ; pauseMs = Math.min(2 * pauseMs, MAX_POLL_MS)) {
      signal?.throwIfAborted();
      const slices = await this.#look();
      if (slices === undefined) pauseMs = OUTAGE_POLL_MS;
      else if (this.#hasReached(positions, slices, onPosition)) return true;
      if (performance.now() >= deadline) return false;
      await pause(Math.min(pauseMs, Math.max(1, deadline - performance.now())), signal);
    }
  }

  /** Whether each slice is exactly at its position, as this connection sees it. @throws the errors of {@link reach} */
  async isAt(connection: SchemaConnection, positions: readonly number[]): Promise<boolean> {
    const slices = await readCheckpoints(connection, [this.ref]);
    return (
      this.#hasReached(positions, slices, undefined) &&
      slices.every(({ position, slice }) => position === positions[slice])
    );
  }

  /** @returns undefined while the database is away */
  async #look(): Promise<readonly Checkpoint[] | undefined> {
    const store = this.#store;
    try {
      const slices = await withStoreErrors(store, () => readCheckpoints(store, [this.ref]));
      // A backup may be without the replay. And a log that has gone back may never come to the positions.
      if (slices.length === 0 || store.era !== this.#era)
        await store.highWaterMark({ after: 0, era: this.#era });
      return slices;
    } catch (error) {
      if (!LeftfoldError.is(error) || error.code !== 'STORE_UNAVAILABLE' || store.closed) throw error;
      return undefined;
    }
  }

  /** @throws SubscriptionFailedError, StoreUnavailableError */
  #hasReached(
    positions: readonly number[],
    slices: readonly Checkpoint[],
    onPosition: ReachOptions['onPosition'],
  ): boolean {
    if (slices.length === 0) throw gone(this.#projection);
    if (slices.length !== positions.length) throw divided(this.#projection);
    const failed = slices.find(({ failure }) => failure !== undefined);
    if (failed?.failure !== undefined) throw stopped(this.#projection, failed.failure);
    onPosition?.(Math.min(...slices.map(({ position }) => position)));
    return slices.every(({ position, slice }) => position >= positions[slice]!);
  }

  /** Ends the work on it: its tables stay as they are. */
  stop(): Promise<void> {
    return this.#runner.stop();
  }

  /** Drops it. What cannot be dropped now is dropped later by another process. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearInterval(this.#keeping);
    await this.stop();
    await dropReplay(this.#store, this.ref).catch(() => {});
  }
}

function isParking(
  { onFailure }: AnyProjection,
  { error, stopped: hasStopped }: SubscriptionIncident,
): boolean {
  if (LeftfoldError.is(error)) return error.code === 'EVENT_PARKED';
  return onFailure === 'park' && !hasStopped;
}

interface Failure {
  readonly position: number | undefined;
  readonly type: string | undefined;
  readonly message: string;
}

function stopped({ name, version }: AnyProjection, { position, type, message }: Failure) {
  const event = position === undefined || type === undefined ? undefined : { position, type };
  return new SubscriptionFailedError({ kind: REPLAY, name, version }, event, { cause: message });
}

function gone({ name }: AnyProjection): StoreUnavailableError {
  return new StoreUnavailableError(
    `the replay of projection "${name}" was dropped, because this process did not say for two minutes that it needs it, or a backup without it was restored; begin again`,
  );
}

function divided({ name }: AnyProjection): StoreUnavailableError {
  return new StoreUnavailableError(
    `the number of slices of projection "${name}" changed while it was replayed; begin again`,
  );
}
