import { setTimeout as delay } from 'node:timers/promises';
import {
  ProjectionFailedError,
  ProjectionNotFoundError,
  ProjectionTimeoutError,
  StoreUnavailableError,
} from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { readCheckpoints } from '../sql/checkpoints.ts';
import type { Checkpoint, ProjectionKey } from '../sql/row.ts';

const FIRST_POLL_MS = 5;
const LAST_POLL_MS = 50;
/** Where this process itself advances the projection it hears of every step, and looks only in case it stops to. */
const POLL_WHEN_LEADING_MS = 500;

/** A timer beyond it ends at once; whoever waits for longer than these 24 days waits for ever. */
const MAX_TIMER_MS = 2 ** 31 - 1;

export interface Wanted {
  readonly position: number;
  /** Only being applied by appends is enough. */
  readonly inline: boolean;
}

interface Waiter {
  readonly projection: ProjectionKey;
  readonly wanted: Wanted;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
  reached: number;
}

export interface WaitOptions {
  /** Infinity waits for ever. */
  readonly timeoutMs: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Everybody in this process who waits for a projection.
 *
 * What this process applies itself is told at once; checkpoints that others advance are looked at in turns, with one
 * statement for all who wait, and not at all while nobody does.
 */
export class ProjectionWaiters {
  readonly #store: PostgresEventStore;
  readonly #waiters = new Set<Waiter>();
  readonly #led = new Map<string, number>();
  #closed = false;
  #polling = false;
  #pollMs = FIRST_POLL_MS;
  #wake = new AbortController();

  constructor(store: PostgresEventStore) {
    this.#store = store;
  }

  /** This process has the lease and is at this position. */
  advanced(name: string, position: number): void {
    this.#led.set(name, position);
    for (const waiter of this.#waitersOf(name)) this.#tell(waiter, position, false);
  }

  /** This process has the lease no more. */
  left(name: string): void {
    this.#led.delete(name);
    this.#pollSoon();
  }

  failed(name: string, error: ProjectionFailedError): void {
    for (const waiter of this.#waitersOf(name)) waiter.reject(error);
  }

  /**
   * @throws ProjectionTimeoutError, ProjectionFailedError, ProjectionNotFoundError, StoreUnavailableError when the
   * runner stops; the signal's reason when it aborts.
   */
  async until(projection: ProjectionKey, wanted: Wanted, { timeoutMs, signal }: WaitOptions): Promise<void> {
    signal?.throwIfAborted();
    if (this.#closed) throw stoppedError(projection);
    const led = this.#led.get(projection.name);
    if (!wanted.inline && led !== undefined && led >= wanted.position) return;

    let timer: NodeJS.Timeout | undefined;
    let waiter: Waiter | undefined;
    const onAbort = () => waiter?.reject(signal?.reason);
    try {
      await new Promise<void>((resolve, reject) => {
        waiter = { projection, wanted, resolve, reject, reached: led ?? 0 };
        this.#waiters.add(waiter);
        signal?.addEventListener('abort', onAbort, { once: true });
        if (timeoutMs < MAX_TIMER_MS) {
          timer = setTimeout(() => this.#timeOut(waiter, timeoutMs), timeoutMs);
        }
        this.#pollSoon();
      });
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener('abort', onAbort);
      if (waiter !== undefined) this.#waiters.delete(waiter);
      if (this.#waiters.size === 0) this.#wake.abort();
    }
  }

  /** Fails everybody who waits. */
  close(): void {
    this.#closed = true;
    for (const { projection, reject } of this.#waiters) reject(stoppedError(projection));
    this.#wake.abort();
  }

  #waitersOf(name: string): readonly Waiter[] {
    return [...this.#waiters].filter(({ projection }) => projection.name === name);
  }

  #tell(waiter: Waiter, position: number, inline: boolean): void {
    waiter.reached = position;
    if (inline || (!waiter.wanted.inline && position >= waiter.wanted.position)) waiter.resolve();
  }

  #timeOut(waiter: Waiter | undefined, timeoutMs: number): void {
    if (waiter === undefined) return;
    const { projection, wanted, reached } = waiter;
    waiter.reject(new ProjectionTimeoutError(projection.name, wanted.position, reached, timeoutMs));
  }

  #pollSoon(): void {
    this.#pollMs = FIRST_POLL_MS;
    this.#wake.abort();
    if (this.#polling || this.#waiters.size === 0) return;
    this.#polling = true;
    void this.#poll();
  }

  /** Does not throw. */
  async #poll(): Promise<void> {
    while (this.#waiters.size > 0 && !this.#closed) {
      this.#wake = new AbortController();
      await this.#look();
      const led = [...this.#waiters].every(({ projection }) => this.#led.has(projection.name));
      const pause = led ? POLL_WHEN_LEADING_MS : this.#pollMs;
      this.#pollMs = Math.min(LAST_POLL_MS, this.#pollMs * 2);
      await delay(pause, undefined, { signal: this.#wake.signal }).catch(() => {});
    }
    this.#polling = false;
  }

  async #look(): Promise<void> {
    const waiters = [...this.#waiters];
    const wanted = new Map(waiters.map(({ projection }) => [projection.name, projection]));
    let checkpoints: readonly Checkpoint[];
    try {
      checkpoints = await readCheckpoints(this.#store.db, this.#store.schema, [...wanted.values()]);
    } catch {
      if (this.#store.pool.ending) this.close();
      return; // asked again until the time is over: the database may come back
    }
    for (const waiter of waiters) {
      const { name } = waiter.projection;
      const checkpoint = checkpoints.find(({ projection }) => projection === name);
      if (checkpoint === undefined) {
        waiter.reject(new ProjectionNotFoundError(name));
        continue;
      }
      this.#tell(waiter, checkpoint.position, checkpoint.inline);
      // Harmless when it was just resolved: only the first answer counts.
      if (checkpoint.failure !== undefined) waiter.reject(toFailedError(checkpoint));
    }
  }
}

/** The error that a stopped projection's row stands for. */
function toFailedError({ projection, failure }: Checkpoint): ProjectionFailedError {
  const { position, type, message } = failure ?? {};
  const event = position === undefined || type === undefined ? undefined : { position, type };
  return new ProjectionFailedError(projection, event, { cause: message });
}

function stoppedError({ name }: ProjectionKey): StoreUnavailableError {
  return new StoreUnavailableError(
    `the projection runner was stopped while somebody waited for projection "${name}"`,
  );
}
