import { type AnyProjection, ProjectionFailedError, type RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { type BatchApplier, BatchFailure, type PreparedBatch } from '../apply/batch.ts';
import { HandlerApplier } from '../apply/handler-applier.ts';
import { TableApplier } from '../apply/table-applier.ts';
import { promoteToInline } from '../inline/promote-to-inline.ts';
import type { Lease } from '../lease/lease.ts';
import type { LeaseManager } from '../lease/lease-manager.ts';
import { readCheckpoints } from '../sql/checkpoints.ts';
import { isOperational } from '../sql/error.ts';
import { stopProjection } from '../sql/failures.ts';
import type { ProjectionWaiters } from '../wait/projection-waiters.ts';
import { BatchSize } from './batch-size.ts';
import { readAhead } from './read-ahead.ts';
import { delayAfter, pause, type RetryPolicy } from './retry.ts';
import type { OnIncident } from './subscription-incident.ts';

export interface ProjectionLoopOptions {
  readonly store: PostgresEventStore;
  readonly keeper: LeaseManager;
  readonly waiting: ProjectionWaiters;
  readonly leaseMs: number;
  readonly batchSize: number;
  readonly cachedRows: number;
  readonly retry: RetryPolicy;
  readonly onError: OnIncident;
}

/** Events that are read, and held, at one time. Larger pages are no quicker, and outlive a minor garbage collection. */
const PAGE_SIZE = 1_000;

/** One turn of leading a projection: from taking its lease to losing it. */
interface LeaseTerm {
  readonly lease: Lease;
  readonly applier: BatchApplier;
  readonly size: BatchSize;
  /** Aborts when the runner stops or the lease is lost. */
  readonly signal: AbortSignal;
  /** Where the checkpoint is, as far as is known. */
  position: number;
  /** Whether a batch is being written just now. */
  writing: boolean;
  /** How often the one event that is left of a failing batch has failed. */
  failures: number;
  /** How often in a row the database was the cause. */
  outages: number;
}

/** Keeps one projection up to date while this process has its lease, and waits for the lease otherwise. */
export class ProjectionLoop {
  readonly #projection: AnyProjection;
  readonly #options: ProjectionLoopOptions;

  constructor(projection: AnyProjection, options: ProjectionLoopOptions) {
    this.#projection = projection;
    this.#options = options;
  }

  /** Ends, after the batch that is being applied, when the signal aborts. Does not throw. */
  async run(stop: AbortSignal): Promise<void> {
    const { keeper, waiting } = this.#options;
    const { name } = this.#projection;
    for (;;) {
      const lease = await keeper.acquire(this.#projection);
      if (lease === undefined) return;
      waiting.advanced(name, lease.position);
      await this.#lead(this.#newTurn(lease, stop));
      waiting.left(name);
      if (stop.aborted) return; // the keeper gives the lease back
      keeper.drop(lease);
    }
  }

  #newTurn(lease: Lease, stop: AbortSignal): LeaseTerm {
    return {
      lease,
      applier: this.#newApplier(),
      size: new BatchSize(this.#options.batchSize),
      signal: AbortSignal.any([stop, lease.signal]),
      position: lease.position,
      writing: false,
      failures: 0,
      outages: 0,
    };
  }

  #newApplier(): BatchApplier {
    const { store, leaseMs, cachedRows } = this.#options;
    return this.#projection.kind === 'table'
      ? new TableApplier(this.#projection, { db: store.db, storeSchema: store.schema, leaseMs, cachedRows })
      : new HandlerApplier(this.#projection, { store, leaseMs });
  }

  /** Returns when the turn is over: stopped, lease lost, projection stopped, or handed over to the appends. */
  async #lead(turn: LeaseTerm): Promise<void> {
    while (!turn.signal.aborted) {
      let failure: { readonly error: unknown } | undefined;
      try {
        if ((await this.#follow(turn)) === 'over') return;
      } catch (error) {
        failure = { error };
      }
      if (this.#options.store.pool.ending) return;
      // The batch may have been applied all the same, when only its answer was lost: the checkpoint knows.
      turn.applier.forget();
      const outagesBefore = turn.outages;
      if (!(await this.#findPosition(turn))) return;
      if (failure === undefined) continue;
      const wasDown = turn.outages > outagesBefore;
      if ((await this.#handle(turn, failure.error, wasDown)) === 'over') return;
    }
  }

  /** Applies what is settled, and waits for more. @returns 'fenced' when a batch did not find the checkpoint as expected */
  async #follow(turn: LeaseTerm): Promise<'over' | 'fenced'> {
    const { store } = this.#options;
    const { signal } = turn;
    const inline = this.#projection.mode === 'inline';
    let attempts = 0;
    for (;;) {
      const upTo = inline
        ? await store.highWaterMark()
        : await store.waitForHighWaterMark({ after: turn.position, signal });
      if (signal.aborted) return 'over';
      if (upTo > turn.position) {
        const end = await this.#applyUpTo(turn, upTo);
        if (end !== 'there') return end;
      } else if (inline) {
        const end = await promoteToInline(store, this.#projection, turn.lease, turn.position);
        if (end === 'fenced') return 'fenced';
        if (end === 'inline') return 'over';
        // Longer each time: appends had to wait for the attempt.
        attempts += 1;
        await pause(delayAfter(this.#options.retry, attempts), signal);
      }
    }
  }

  /**
   * Reads a page, prepares the one before it and writes a batch, all at the same time. As long as a batch is being
   * written, the next one grows.
   */
  async #applyUpTo(turn: LeaseTerm, upTo: number): Promise<'there' | 'over' | 'fenced'> {
    const { applier, signal, size } = turn;
    const types = this.#projection.eventTypes;
    let from = turn.position;
    let written = Promise.resolve(true);
    let preparedMs = 0;
    const limit = () => Math.min(PAGE_SIZE, size.current);
    const pages = readAhead(this.#options.store, { after: from, upTo, types, limit });
    try {
      for await (const { events, position: to } of pages) {
        if (signal.aborted) break;
        const began = performance.now();
        const prepared = await applier.prepare({ from, to, events });
        preparedMs += performance.now() - began;
        from = to;
        if (to < upTo && turn.writing && prepared.grows && prepared.eventCount < size.current) continue;
        if (!(await written)) return 'fenced';
        written = this.#write(turn, prepared, preparedMs);
        written.catch(() => {}); // thrown where it is awaited
        preparedMs = 0;
      }
    } catch (error) {
      // What is on its way ends first; when it fails, its failure is the one to be told of.
      if (!(await written)) return 'fenced';
      throw error;
    }
    if (!(await written)) return 'fenced';
    return signal.aborted ? 'over' : 'there';
  }

  async #write(turn: LeaseTerm, prepared: PreparedBatch, preparedMs: number): Promise<boolean> {
    const { lease, size } = turn;
    const { to, eventCount } = prepared;
    const began = performance.now();
    turn.writing = true;
    try {
      if (!(await prepared.write(lease))) return false;
    } finally {
      turn.writing = false;
    }
    turn.position = to;
    turn.failures = 0;
    turn.outages = 0;
    size.applied(eventCount, preparedMs + performance.now() - began);
    this.#options.waiting.advanced(lease.name, to);
    return true;
  }

  /** Asks for the checkpoint until the database answers. @returns false when the lease is lost or the runner stops */
  async #findPosition(turn: LeaseTerm): Promise<boolean> {
    const { store, retry } = this.#options;
    while (!turn.signal.aborted) {
      try {
        const [checkpoint] = await readCheckpoints(store.db, store.schema, [turn.lease]);
        if (checkpoint?.epoch !== turn.lease.epoch) return false;
        turn.position = checkpoint.position;
        return true;
      } catch (error) {
        if (store.pool.ending) return false;
        turn.outages += 1;
        this.#report(error, false);
        await pause(delayAfter(retry, turn.outages), turn.signal);
      }
    }
    return false;
  }

  /**
   * Decides what becomes of a failure. The database's own state is never an event's fault, so that is tried again for
   * ever. Otherwise the batch is cut until the event is found, that event is tried again a few times, and then the
   * projection stops at it.
   */
  async #handle(turn: LeaseTerm, error: unknown, wasDown: boolean): Promise<'go on' | 'over'> {
    const { retry } = this.#options;
    const cause = error instanceof BatchFailure ? error.cause : error;
    if (wasDown || isOperational(cause)) {
      turn.outages += 1;
      this.#report(cause, false);
      await pause(delayAfter(retry, turn.outages), turn.signal);
      return 'go on';
    }
    const { size } = turn;
    const batch = error instanceof BatchFailure ? error.batch : undefined;
    const failing = batch?.failing;
    if (size.failed(batch?.eventCount ?? size.current, failing?.before)) return 'go on';
    turn.failures += 1;
    if (turn.failures < retry.attempts) {
      this.#report(cause, false);
      await pause(delayAfter(retry, turn.failures), turn.signal);
      return 'go on';
    }
    return this.#stop(turn, cause, failing?.event ?? batch?.firstEvent);
  }

  async #stop(turn: LeaseTerm, cause: unknown, event: RecordedEvent | undefined): Promise<'go on' | 'over'> {
    const { store, waiting, retry } = this.#options;
    const { name } = this.#projection;
    const failed = new ProjectionFailedError(name, event ?? placeOf(cause), { cause });
    try {
      const message = cause instanceof Error ? cause.message : String(cause);
      const failure = { position: failed.position, type: failed.eventType, message };
      await stopProjection(store.db, store.schema, turn.lease, failure);
    } catch (error) {
      // Not stopped yet: the event is tried once more and will bring us back here.
      turn.outages += 1;
      this.#report(error, false);
      await pause(delayAfter(retry, turn.outages), turn.signal);
      return 'go on';
    }
    waiting.failed(name, failed);
    this.#report(failed, true);
    return 'over';
  }

  #report(error: unknown, stopped: boolean): void {
    this.#options.onError({ projection: this.#projection.name, error, stopped });
  }
}

/** Reading an event may fail before there is a batch: such errors name it themselves. */
function placeOf(error: unknown): { readonly position: number; readonly type: string } | undefined {
  if (typeof error !== 'object' || error === null || !('position' in error) || !('type' in error))
    return undefined;
  const { position, type } = error;
  return typeof position === 'number' && typeof type === 'string' ? { position, type } : undefined;
}
