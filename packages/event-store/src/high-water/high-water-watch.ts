import { type AbortSignalLike, type Backoff, retryDelayMs } from '@leftfold/core';
import { type Notifier, type StatementRunner, toLeftfoldError, toSafeNumber } from '@leftfold/postgres';
import { type HighWaterMarkRow, highWaterMarkStatement } from '../sql/high-water-mark.ts';

/** How often to ask the database when no notification comes. */
const POLL_WHEN_LISTENING_MS = 1_000;
const POLL_WITHOUT_LISTENING_MS = 50;
/** While an append is under way: it ends soon, or its transaction is held open. Without jitter. */
const whilePending: Backoff = { firstDelayMs: 1, maxDelayMs: 50 };

export interface WaitForHighWaterMarkOptions {
  /** Resolve as soon as the mark is beyond this position. */
  readonly after: number;
  /** Resolve with the mark as it is when this time is over. @default wait for ever */
  readonly timeoutMs?: number | undefined;
  /** Resolve with the mark as it is when this aborts. */
  readonly signal?: AbortSignalLike | undefined;
}

interface Waiter {
  readonly after: number;
  readonly resolve: (settled: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * The settled mark, watched once for all readers of a process. Nothing is asked of the database while nobody waits.
 *
 * The mark that it hands out never falls.
 */
export class HighWaterWatch {
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly #notifier: Notifier;
  readonly #waiters = new Set<Waiter>();
  #settled = 0;
  #wokenTogether = 0;
  #looking = false;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  /** Looks in a row that found an append under way. */
  #pendingLooks = 0;

  constructor(run: StatementRunner, schema: string, notifier: Notifier) {
    this.#run = run;
    this.#schema = schema;
    this.#notifier = notifier;
  }

  /** Asks the database. @throws StoreUnavailableError, ReadOnlyDatabaseError on a standby, and what else {@link toLeftfoldError} gives */
  async now(): Promise<number> {
    await this.#look();
    return this.#settled;
  }

  /** True when several readers were told of this mark at one time: what they read next is the same. */
  isSharedMark(settled: number): boolean {
    return settled === this.#settled && this.#wokenTogether > 1;
  }

  /** @throws what {@link now} throws, when the database cannot be asked */
  async waitFor({ after, timeoutMs, signal }: WaitForHighWaterMarkOptions): Promise<number> {
    if (this.#settled > after || signal?.aborted === true) return this.#settled;
    this.#notifier.listen(() => this.nudge());
    let timer: NodeJS.Timeout | undefined;
    let stopWaiting: (() => void) | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        const waiter: Waiter = { after, resolve, reject };
        this.#waiters.add(waiter);
        stopWaiting = () => {
          this.#waiters.delete(waiter);
          resolve(this.#settled);
        };
        signal?.addEventListener('abort', stopWaiting, { once: true });
        if (timeoutMs !== undefined) timer = setTimeout(stopWaiting, timeoutMs);
        this.nudge();
      });
    } finally {
      clearTimeout(timer);
      if (stopWaiting !== undefined) signal?.removeEventListener('abort', stopWaiting);
      if (this.#waiters.size === 0) clearTimeout(this.#timer);
    }
  }

  /** Something was appended: looks at once, if anybody waits. */
  nudge(): void {
    if (this.#waiters.size === 0) return;
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#looking = true;
    void this.#lookForWaiters().finally(() => {
      this.#looking = false;
      const again = this.#lookAgain;
      this.#lookAgain = false;
      if (again) this.nudge();
    });
  }

  async #lookForWaiters(): Promise<void> {
    try {
      const pending = await this.#look();
      const woken = [...this.#waiters].filter(({ after }) => this.#settled > after);
      if (woken.length > 0) this.#wokenTogether = woken.length;
      for (const waiter of woken) {
        this.#waiters.delete(waiter);
        waiter.resolve(this.#settled);
      }
      this.#schedule(pending);
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    }
  }

  #schedule(pending: boolean): void {
    if (this.#waiters.size === 0) return;
    this.#pendingLooks = pending ? this.#pendingLooks + 1 : 0;
    const pollMs = this.#notifier.listening ? POLL_WHEN_LISTENING_MS : POLL_WITHOUT_LISTENING_MS;
    const delayMs = pending ? retryDelayMs(whilePending, this.#pendingLooks) : pollMs;
    this.#timer = setTimeout(() => this.nudge(), delayMs);
  }

  /** @returns whether an append is under way. */
  async #look(): Promise<boolean> {
    let row: HighWaterMarkRow | undefined;
    try {
      [row] = await this.#run<HighWaterMarkRow>(highWaterMarkStatement(this.#schema));
    } catch (error) {
      throw toLeftfoldError(error, this.#schema);
    }
    if (row === undefined) throw new TypeError('_high_water_mark answered without a row');
    this.#settled = Math.max(this.#settled, toSafeNumber(row.high_water_mark));
    return row.pending;
  }
}
