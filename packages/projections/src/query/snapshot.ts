import {
  type AnyProjection,
  ClosedError,
  KeysParkedError,
  LeftfoldError,
  type LogToken,
  type SubscriptionIdentity,
  SubscriptionNotCaughtUpError,
  SubscriptionTimeoutError,
  tokenOf,
} from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import type { PostgresEventStore } from '@leftfold/event-store';
import { borrow, isLockTimeout, pause, toLeftfoldError, within } from '@leftfold/postgres';
import { answerLimitMs, hasReached } from '@leftfold/subscriptions';
import type { ProjectionRunner } from '../runner/projection-runner.ts';
import { beginSnapshot, type SnapshotRow } from '../sql/read-transaction.ts';
import { type ServingTables, servingTables } from '../sql/serving-tables.ts';
import { assertNoOpenRead } from './open-read.ts';
import { ReadConnection } from './read-connection.ts';

/** Pause before another look at a projection that was not as it has to be. */
const RETRY_MS = 10;

/** What the queries of one app share. */
export interface QueryContext {
  readonly store: PostgresEventStore;
  readonly runner: ProjectionRunner;
  /** True when no query may run any more. */
  readonly isClosed: () => boolean;
}

export type ReadProjections = readonly [AnyProjection, ...AnyProjection[]];

/** What a snapshot must have, and how long it is waited for. */
export interface Wanted {
  /** What each projection must have applied. @default nothing: it must have caught up once */
  readonly place: EventPlace | undefined;
  /** Whether it must have every event that was committed before the call. */
  readonly strong: boolean;
  readonly ifNotCaughtUp: 'wait' | 'fail';
  /** Whether it may lack events that are set aside. */
  readonly ifParked: 'ignore' | 'fail';
  readonly timeoutMs: number;
  /** By `performance.now()`. @default `timeoutMs` from now */
  readonly deadline?: number | undefined;
  readonly signal: AbortSignal | undefined;
  /** Milliseconds for which the transaction may be idle. @default the role's limit, if that is not below 5 seconds */
  readonly idleMs?: number | undefined;
}

/** A transaction that reads one snapshot. */
export interface Snapshot {
  readonly connection: ReadConnection;
  /** Of the last event that rows of one of the projections may show. */
  readonly token: LogToken;
}

/** A projection that does not have what is wanted. */
interface Behind {
  readonly projection: AnyProjection;
  readonly reached: number;
  /** Undefined: it has not caught up. */
  readonly wanted: EventPlace | undefined;
}

/** Takes a connection of the store's pool. @throws ClosedError, StoreUnavailableError, InvalidArgumentError in an app.read */
export async function connectTo(
  { store, isClosed }: Pick<QueryContext, 'store' | 'isClosed'>,
  serving: ServingTables,
): Promise<ReadConnection> {
  if (isClosed()) throw new ClosedError('the app');
  assertNoOpenRead(store);
  try {
    return new ReadConnection(await borrow(store.pool), store, serving);
  } catch (error) {
    throw toLeftfoldError(error, store.schema);
  }
}

/**
 * Begins a transaction whose snapshot has checkpoints of projections, and what is wanted of them. No connection is held
 * while projections are waited for, and calls that wait share what they ask the database.
 *
 * @throws SubscriptionTimeoutError, SubscriptionNotCaughtUpError, SubscriptionFailedError, EventParkedError, KeysParkedError
 * @throws LogRewoundError when the log does not have the event of the place
 * @throws SubscriptionMismatchError, SubscriptionNotFoundError, StoreUnavailableError, ClosedError, the signal's reason
 */
export function openSnapshot(
  context: QueryContext,
  projections: ReadProjections,
  wanted: Wanted,
): Promise<Snapshot> {
  return new SnapshotOpening(context, projections, wanted).open();
}

class SnapshotOpening {
  readonly #context: QueryContext;
  readonly #projections: ReadProjections;
  readonly #wanted: Wanted;
  readonly #deadline: number;
  readonly #serving: ServingTables;
  /** Positions that are required beside the place of the token. */
  readonly #required = new Map<AnyProjection, number>();

  constructor(context: QueryContext, projections: ReadProjections, wanted: Wanted) {
    this.#context = context;
    this.#projections = projections;
    this.#wanted = wanted;
    this.#serving = servingTables(context.store.schema, projections);
    this.#deadline = wanted.deadline ?? performance.now() + wanted.timeoutMs;
  }

  async open(): Promise<Snapshot> {
    this.#wanted.signal?.throwIfAborted();
    if (this.#context.isClosed()) throw new ClosedError('the app');
    assertNoOpenRead(this.#context.store); // before it waits
    await this.#each((projection) => this.#waitFirst(projection));
    for (;;) {
      const found = await this.#begin();
      if ('connection' in found) return found;
      await Promise.all(found.behind.map((behind) => this.#waitFor(behind)));
    }
  }

  /** Before a connection is taken. */
  async #waitFirst(projection: AnyProjection): Promise<void> {
    const { place, strong, timeoutMs, signal } = this.#wanted;
    const { reads } = this.#context.runner;
    if (place !== undefined && !reads.mayHaveReached(projection, place.position))
      await reads.waitForPlace(projection, place, { timeoutMs, signal });
    if (!strong) return;
    const { inline, position, log_end: end } = await reads.progressOf(projection, { timeoutMs, signal });
    this.#required.set(projection, end);
    if (inline || position >= end) return;
    await this.#waitFor({ projection, reached: position, wanted: { position: end } });
  }

  async #waitFor({ projection, reached, wanted }: Behind): Promise<void> {
    const { store, runner } = this.#context;
    const { place, strong, ifNotCaughtUp, timeoutMs, signal } = this.#wanted;
    const identity = identityOf(projection);
    const fails = place === undefined && !strong && ifNotCaughtUp === 'fail';
    const remainingMs = fails ? 0 : this.#deadline - performance.now();
    if (remainingMs <= 0)
      throw wanted === undefined
        ? new SubscriptionNotCaughtUpError(identity, reached)
        : new SubscriptionTimeoutError(identity, wanted.position, reached, timeoutMs);
    // A wait can end too early: the checkpoint comes to the end of the log before that is recorded.
    await pause(RETRY_MS, signal);
    const position = wanted?.position ?? (await store.highWaterMark());
    try {
      await runner.waitForPosition(projection, position, { timeoutMs: remainingMs, signal });
    } catch (error) {
      if (!LeftfoldError.is(error) || error.code !== 'SUBSCRIPTION_TIMEOUT') throw error;
      const { reached: found = reached, cause } = error;
      throw wanted === undefined
        ? new SubscriptionNotCaughtUpError(identity, found)
        : new SubscriptionTimeoutError(identity, position, found, timeoutMs, { cause });
    }
  }

  /** @returns the projections that have to be waited for, when there are any */
  async #begin(): Promise<Snapshot | { readonly behind: readonly Behind[] }> {
    const connection = await this.#connect();
    try {
      const rows = await this.#beginOn(connection);
      const byNumber = new Map(rows.map((row) => [row.number, row]));
      const behind = await this.#each((projection, index) =>
        this.#whatLacks(projection, byNumber.get(index + 1)),
      );
      const lacking = behind.filter((one) => one !== undefined);
      if (lacking.length > 0) {
        await connection.release();
        return { behind: lacking };
      }
      this.#assertNoneParked(byNumber);
      return { connection, token: newestOf(rows) };
    } catch (error) {
      // Not waited for: it may still be waiting for a lock.
      void connection.release();
      throw error;
    }
  }

  async #connect(): Promise<ReadConnection> {
    const connecting = connectTo(this.#context, this.#serving);
    try {
      return await this.#inTime(connecting, 'the pool gave no connection');
    } catch (error) {
      // One that comes too late goes back.
      void connecting.then((late) => late.release()).catch(() => {});
      throw error;
    }
  }

  /** The server ends a wait for a lock, so that the connection soon goes back, also when the caller has gone. */
  async #beginOn(connection: ReadConnection): Promise<readonly SnapshotRow[]> {
    const { store } = this.#context;
    const { place, ifParked, idleMs } = this.#wanted;
    const lockMs = Math.min(this.#limitMs, store.answerMs);
    const statement = beginSnapshot(store.schema, this.#projections, {
      position: place?.position ?? 0,
      serving: this.#serving,
      countsParked: ifParked === 'fail',
      lockMs,
      idleMs,
    });
    const locked = 'another transaction holds a lock on its tables';
    const beginning = connection.begin(statement);
    try {
      // Somewhat longer than the limit of the server, whose answer is the better one.
      return await within(beginning, {
        limitMs: 2 * lockMs,
        late: () => this.#late(locked),
        signal: this.#wanted.signal,
      });
    } catch (error) {
      if (LeftfoldError.is(error) && isLockTimeout(error.cause)) return this.#late(locked);
      throw error;
    }
  }

  get #limitMs(): number {
    return answerLimitMs(this.#deadline - performance.now());
  }

  #inTime<TResult>(work: Promise<TResult>, problem: string): Promise<TResult> {
    const late = () => this.#late(problem);
    return within(work, { limitMs: this.#limitMs, late, signal: this.#wanted.signal });
  }

  #late(problem: string): never {
    const { place, timeoutMs } = this.#wanted;
    const [first] = this.#projections;
    const wanted = Math.max(place?.position ?? 0, this.#required.get(first) ?? 0);
    throw new SubscriptionTimeoutError(identityOf(first), wanted, undefined, timeoutMs, { cause: problem });
  }

  /** @returns undefined when it has what is wanted. @throws LogRewoundError, EventParkedError, SubscriptionMismatchError */
  async #whatLacks(projection: AnyProjection, row: SnapshotRow | undefined): Promise<Behind | undefined> {
    const { runner, store } = this.#context;
    const { place, strong } = this.#wanted;
    if (row === undefined || !runner.isSame(projection, row.definition_hash))
      await runner.assertSame(projection);
    const reached = row?.position ?? 0;
    const behind = (wanted: EventPlace | undefined): Behind => ({ projection, reached, wanted });
    if (row === undefined) return behind(place);
    if (place !== undefined && !hasReached(identityOf(projection), place, row)) return behind(place);
    if (place === undefined && !strong && !row.caught_up) return behind(undefined);
    const required = this.#required.get(projection) ?? 0;
    if (!row.inline && reached < required) return behind({ position: required });
    if (place !== undefined || strong || projection.mode !== 'inline' || row.inline) return undefined;
    // Appends do not apply it for now. The mark can be below an append of this process, while an older one is in flight.
    if (this.#required.has(projection)) return undefined;
    const end = Math.max(store.newestSeen, await store.highWaterMark());
    this.#required.set(projection, end);
    return reached < end ? behind({ position: end }) : undefined;
  }

  /** @throws KeysParkedError of the first projection that has parked keys, when they were counted */
  #assertNoneParked(rows: ReadonlyMap<number, SnapshotRow>): void {
    for (const [index, projection] of this.#projections.entries()) {
      const parkedKeys = rows.get(index + 1)?.parked_keys ?? 0;
      if (parkedKeys > 0) throw new KeysParkedError(identityOf(projection), parkedKeys);
    }
  }

  #each<TResult>(
    work: (projection: AnyProjection, index: number) => Promise<TResult>,
  ): Promise<readonly TResult[]> {
    return Promise.all(this.#projections.map(work));
  }
}

export function identityOf({ name, version }: AnyProjection): SubscriptionIdentity {
  return { kind: 'projection', name, version };
}

function newestOf(rows: readonly SnapshotRow[]): LogToken {
  const newest = rows.reduce<SnapshotRow | undefined>(
    (best, row) => ((row.read_position ?? 0) > (best?.read_position ?? 0) ? row : best),
    undefined,
  );
  if (newest === undefined || newest.read_position === null || newest.read_event_id === null)
    return tokenOf(undefined);
  return tokenOf({ position: newest.read_position, id: newest.read_event_id, readFrom: undefined });
}
