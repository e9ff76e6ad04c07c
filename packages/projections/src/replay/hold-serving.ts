import {
  type AnyProjection,
  type Backoff,
  RebuildRefusedError,
  retryDelayMs,
  StoreUnavailableError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  isIdleEnded,
  isLockTimeout,
  isRolledBack,
  pause,
  runnerInTransaction,
  toLeftfoldError,
} from '@leftfold/postgres';
import { lockSubscription, readCheckpoints, type SchemaConnection } from '@leftfold/subscriptions';
import type { Transaction } from 'kysely';
import { readTop } from '../sql/copies.ts';
import { lockInlineProjections } from '../sql/inline.ts';
import type { ReachOptions } from './replay.ts';

/** Milliseconds for which batches of the projection wait while others come to their position. */
const WAIT_MS = 2_000;
/** The same for appends, when the projection is inline. */
const INLINE_WAIT_MS = 250;
/** Positions of the log between them and what serves, from which on it is tried. */
const NEAR = 2_000;
const ATTEMPTS = 12;
const ONE_CONNECTION =
  'the pool of this process has one connection, and a comparison needs others while it holds the projection; allow four (maxConnections)';
/** After so many, what serves stands still for good: about six seconds. */
const STILL_ATTEMPTS = 6;
const attempts: Backoff = { firstDelayMs: 100, maxDelayMs: 5_000 };

/** Tables beside those that serve, which can be brought to the positions of these. */
export interface Follower {
  /** Waits until they are there, or beyond. @returns false when the time was over before */
  reach(positions: readonly number[], options: ReachOptions): Promise<boolean>;
  /** Whether they are exactly there, as a connection sees it. */
  isAt(connection: SchemaConnection, positions: readonly number[]): Promise<boolean>;
}

/** What serves, while it stands still. */
export interface HeldProjection {
  readonly tx: Transaction<unknown>;
  readonly connection: SchemaConnection;
  readonly inline: boolean;
  /** Of each slice: everything up to it is applied, and nothing after it. */
  readonly positions: readonly number[];
}

/** Where each slice of what serves is; the high-water mark when appends apply the projection. */
export async function servingPositions(
  store: PostgresEventStore,
  projection: AnyProjection,
): Promise<readonly number[]> {
  const slices = await readCheckpoints(store, [projection]);
  const mark = await store.highWaterMark();
  return slices.map(({ position, inline }) => (inline ? mark : position));
}

/**
 * Brings a replay, or the copy of a rebuild, to exactly the position of what serves, and does some work while both stand
 * still: batches of the projection, or appends that apply it, wait meanwhile. They wait for two seconds at most, or a
 * quarter of one, and an attempt that takes longer is undone and repeated; so what `work` has made outside of the
 * transaction may be made again.
 *
 * @throws RebuildRefusedError when the pool has one connection only
 * @throws StoreUnavailableError when no attempt succeeded; what `work` throws; the errors of `Follower.reach`
 *
 * SQL: locks the projection's rows of `subscriptions`; for one that is inline, the exclusive inline lock.
 */
export async function holdServing<TResult>(
  store: PostgresEventStore,
  projection: AnyProjection,
  follower: Follower,
  work: (held: HeldProjection) => Promise<TResult>,
  options: ReachOptions = {},
): Promise<TResult> {
  const { signal } = options;
  if (store.pool.options.max === 1) throw new RebuildRefusedError(projection, ONE_CONNECTION);
  for (let attempt = 1; attempt <= ATTEMPTS; attempt += 1) {
    await comeNear(store, projection, follower, options);
    try {
      return await holdOnce(store, projection, follower, work, signal);
    } catch (error) {
      signal?.throwIfAborted();
      if (!isUndone(error)) throw toLeftfoldError(error, store.schema);
      // Another release may go on with it soon, as in a deployment.
      if (error instanceof NotReached && error.still !== undefined && attempt >= STILL_ATTEMPTS)
        throw standsStill(projection, error.still);
    }
    await pause(retryDelayMs(attempts, attempt), signal);
  }
  throw new StoreUnavailableError(
    `projection "${projection.name}" could not be held at one position with the tables to compare: events came too fast, other transactions held its locks, the pool had too few connections, or it was reset; try again when there is less load, and it has caught up, and allow four connections or more (maxConnections)`,
  );
}

async function comeNear(
  store: PostgresEventStore,
  projection: AnyProjection,
  follower: Follower,
  options: ReachOptions,
): Promise<void> {
  for (;;) {
    const positions = await servingPositions(store, projection);
    await follower.reach(positions, options);
    const now = await servingPositions(store, projection);
    if (now.every((position, slice) => position - (positions[slice] ?? 0) <= NEAR)) return;
  }
}

async function holdOnce<TResult>(
  store: PostgresEventStore,
  projection: AnyProjection,
  follower: Follower,
  work: (held: HeldProjection) => Promise<TResult>,
  signal: AbortSignal | undefined,
): Promise<TResult> {
  const [serving] = await readCheckpoints(store, [projection]);
  const expectInline = serving?.inline === true;
  const waitMs = expectInline ? INLINE_WAIT_MS : WAIT_MS;
  return store.inTransaction(
    async ({ tx }) => {
      const connection = { schema: store.schema, run: runnerInTransaction(tx) };
      if (expectInline) await lockInlineProjections(connection.run, store.schema);
      await lockSubscription(connection, projection);
      const slices = await readCheckpoints(connection, [projection]);
      const inline = slices[0]?.inline === true;
      if (inline !== expectInline) throw new NotReached();
      const top = inline ? await readTop(connection.run, store.schema) : 0;
      const positions = slices.map(({ position }) => (inline ? top : position));
      if (!(await follower.reach(positions, { signal, timeoutMs: waitMs }))) throw new NotReached();
      // They are beyond what serves when that was reset, until it has come after them.
      if (!(await follower.isAt(connection, positions))) {
        const isStill = slices.some(({ paused, failure }) => paused || failure !== undefined);
        throw new NotReached(isStill ? Math.min(...positions) : undefined);
      }
      return work({ tx, connection, inline, positions });
    },
    // It is never idle for long, unless the process is paused: then the appends do not wait for it.
    { lockMs: waitMs, idleMs: Math.max(waitMs, 2 * INLINE_WAIT_MS), signal },
  );
}

function standsStill(projection: AnyProjection, position: number): RebuildRefusedError {
  return new RebuildRefusedError(
    projection,
    `what serves stands still at position ${position}, before the tables to compare it with, since it is paused or has stopped: call resume(), and compare again then`,
  );
}

/** Whether the attempt was undone for a reason that passes. */
function isUndone(error: unknown): boolean {
  return error instanceof NotReached || isLockTimeout(error) || isRolledBack(error) || isIdleEnded(error);
}

/** Rolls the attempt back: the other tables are not at the positions of those that serve. Another one is made. */
export class NotReached extends Error {
  /** Where those that serve stand still, as far as is known: nothing brings them on by itself. */
  readonly still: number | undefined;

  constructor(still?: number) {
    super();
    this.still = still;
  }
}
