import type { AbortSignalLike } from '@leftfold/core';
import type { StatementRunner } from '../connect/statement-runner.ts';
import { toStoreError } from '../sql/error.ts';
import { toSafeNumber } from '../sql/row.ts';
import { type HighWaterMarkRow, highWaterMarkStatement } from '../sql/high-water-mark.ts';
import type { AppendNotifier } from './append-notifier.ts';

/** How often to look when nobody says that something was appended. */
const POLL_WHEN_LISTENING_MS = 1_000;
const POLL_WHEN_DEAF_MS = 50;
/** An append is under way and ends soon, or its transaction is held open. */
const FIRST_UNSETTLED_DELAY_MS = 1;
const LAST_UNSETTLED_DELAY_MS = 50;

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
  readonly #wakeUp: AppendNotifier;
  readonly #waiters = new Set<Waiter>();
  #settled = 0;
  #wokenTogether = 0;
  #looking = false;
  #lookAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #unsettledDelay = FIRST_UNSETTLED_DELAY_MS;

  constructor(run: StatementRunner, schema: string, wakeUp: AppendNotifier) {
    this.#run = run;
    this.#schema = schema;
    this.#wakeUp = wakeUp;
  }

  /** Asks the database. @throws StoreUnavailableError, StoreMisconfiguredError */
  async now(): Promise<number> {
    await this.#look();
    return this.#settled;
  }

  /** True when several readers were told of this mark at one time: what they read next is the same. */
  isSharedMark(settled: number): boolean {
    return settled === this.#settled && this.#wokenTogether > 1;
  }

  /** @throws StoreUnavailableError, StoreMisconfiguredError when the database cannot be asked */
  async waitFor({ after, timeoutMs, signal }: WaitForHighWaterMarkOptions): Promise<number> {
    if (this.#settled > after || signal?.aborted === true) return this.#settled;
    this.#wakeUp.listen(() => this.nudge());
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
    let delay = this.#wakeUp.listening ? POLL_WHEN_LISTENING_MS : POLL_WHEN_DEAF_MS;
    if (pending) {
      delay = this.#unsettledDelay;
      this.#unsettledDelay = Math.min(this.#unsettledDelay * 2, LAST_UNSETTLED_DELAY_MS);
    } else {
      this.#unsettledDelay = FIRST_UNSETTLED_DELAY_MS;
    }
    this.#timer = setTimeout(() => this.nudge(), delay);
  }

  /** @returns whether an append is under way. */
  async #look(): Promise<boolean> {
    let row: HighWaterMarkRow | undefined;
    try {
      [row] = await this.#run<HighWaterMarkRow & Record<string, unknown>>(
        highWaterMarkStatement(this.#schema),
      );
    } catch (error) {
      throw toStoreError(error, this.#schema);
    }
    if (row === undefined) throw new TypeError('settled_mark answered without a row');
    this.#settled = Math.max(this.#settled, toSafeNumber(row.settled));
    return row.pending;
  }
}
