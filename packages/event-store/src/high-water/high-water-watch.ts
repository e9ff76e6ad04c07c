import {
  type AbortSignalLike,
  type Backoff,
  InFlight,
  type InFlightLimits,
  InvalidArgumentError,
  retryDelayMs,
  StoreUnavailableError,
} from '@leftfold/core';
import {
  assertDuration,
  assertGiven,
  assertOptions,
  assertWhole,
  type OptionNames,
} from '@leftfold/core/input';
import {
  type Notifier,
  onAbort,
  type StatementRunner,
  toLeftfoldError,
  toSafeNumber,
} from '@leftfold/postgres';
import { ANOTHER_EACH_TIME, beyondTheEnd, LINEAGE_ATTEMPTS, type LogMemory } from '../lineage/log-memory.ts';
import { type HighWaterMarkRow, highWaterMarkStatement } from '../sql/high-water-mark.ts';
import type { QueriedWords } from '../sql/queried-words.ts';

/** How often to ask the database when no notification comes. */
const POLL_WHEN_LISTENING_MS = 1_000;
const POLL_WITHOUT_LISTENING_MS = 50;
/** Delay between polls while an append is in flight: it ends soon, or its transaction is held open. No jitter. */
const whilePending: Backoff = { firstDelayMs: 1, maxDelayMs: 50 };

/**
 * Every role may send notifications. After a few in a row that told of nothing new, the next ones are answered together,
 * by one read after this time.
 */
const IDLE_WAKES = 5;
const WAKE_TOGETHER_MS = 20;

/** A longer timer of Node fires at once. A wait for more than these 24 days has no timeout. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Each takes some kilobytes while nothing comes; a reader that is behind takes what its pages take. */
const SUBSCRIPTIONS: InFlightLimits = { what: 'subscriptions', count: 10_000 };
/** More than there can be subscriptions: calls that wait cannot keep all of them from waiting. */
const WAITS: InFlightLimits = { what: 'waits for the high-water mark', count: 20_000 };

/** A place in the log that a reader has come to. */
export interface LogPlace {
  readonly after: number;
  /** The store's era in which that position was read. @default the present one */
  readonly era?: number | undefined;
}

/** A place in the log, with the era in which it was read. */
export interface PlaceInEra extends LogPlace {
  readonly era: number;
}

/** Resolves as soon as the mark is higher than `after`. */
export interface WaitForHighWaterMarkOptions extends LogPlace {
  /** Resolve with the current mark after this many milliseconds. @default no timeout */
  readonly timeoutMs?: number | undefined;
  /** Resolve with the current mark when this aborts. */
  readonly signal?: AbortSignalLike | undefined;
}

const placeNames: OptionNames<LogPlace> = { after: true, era: true };
const waitNames: OptionNames<WaitForHighWaterMarkOptions> = { ...placeNames, timeoutMs: true, signal: true };

interface Mark {
  readonly mark: number;
  readonly pending: boolean;
  readonly top: number;
}

interface Waiter {
  readonly after: number;
  readonly era: number;
  readonly resolve: (mark: number) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Watches the high-water mark once for all readers of a process. Without waiters it makes no request.
 *
 * The mark that it returns falls only when the log went back.
 */
export class HighWaterWatch {
  /** The readers of this process that follow the log. */
  readonly subscriptions = new InFlight(SUBSCRIPTIONS);
  readonly #waits = new InFlight(WAITS);
  readonly #run: StatementRunner;
  readonly #schema: string;
  readonly #notifier: Notifier;
  readonly #memory: LogMemory;
  readonly #waiters = new Set<Waiter>();
  #mark = 0;
  #era = 0;
  #wokenTogether = 0;
  #reading = false;
  #readAgain = false;
  #timer: NodeJS.Timeout | undefined;
  #wakeTimer: NodeJS.Timeout | undefined;
  #woken = false;
  /** Consecutive notifications after which the mark was the same. */
  #idleWakes = 0;
  /** Consecutive reads that found an append in flight. */
  #pendingReads = 0;

  constructor(run: StatementRunner, schema: string, notifier: Notifier, memory: LogMemory) {
    this.#run = run;
    this.#schema = schema;
    this.#notifier = notifier;
    this.#memory = memory;
  }

  /**
   * Reads the mark.
   *
   * @throws LogRewoundError when the log ends before `after`, or has gone back since `era`
   * @throws StoreUnavailableError, ReadOnlyDatabaseError on a standby, and other errors of the database
   */
  async now(from: LogPlace = { after: 0 }): Promise<number> {
    assertOptions('from', from, placeNames);
    const { after, era } = from;
    assertWhole('after', after);
    const { top } = await this.#read();
    if (era !== undefined) this.#memory.assertSame(era);
    if (after > top) throw beyondTheEnd(after, top);
    return this.#mark;
  }

  /**
   * Reads the mark of the events that have one of the tags or types: appends in flight without them do not hold it back.
   *
   * @param words undefined: of all events
   * @param run reads it in a transaction
   * @throws like {@link now}
   */
  async among(words: QueriedWords | undefined, run?: StatementRunner): Promise<PlaceInEra> {
    const { mark } = await this.#read(words, run);
    return { after: mark, era: this.#era };
  }

  /** True when several readers were woken with this mark at the same time: they read the same page next. */
  isSharedMark(mark: number): boolean {
    return mark === this.#mark && this.#wokenTogether > 1;
  }

  /** @throws like {@link now}; StoreUnavailableError also when too many calls wait */
  async waitFor(options: WaitForHighWaterMarkOptions): Promise<number> {
    assertGiven('options', options, waitNames);
    const { after, era = this.#memory.era, timeoutMs, signal } = options;
    if (after === undefined) throw InvalidArgumentError.not('a whole number from 0', 'after', after);
    assertWhole('after', after);
    assertWhole('era', era);
    assertDuration('timeoutMs', timeoutMs);
    this.#memory.assertSame(era);
    if ((this.#mark > after && this.#era === era) || signal?.aborted === true) return this.#mark;
    const end = this.#waits.begin();
    this.#notifier.listen(() => this.#wake());
    let timer: NodeJS.Timeout | undefined;
    let remove: (() => void) | undefined;
    try {
      return await new Promise<number>((resolve, reject) => {
        const waiter: Waiter = { after, era, resolve, reject };
        this.#waiters.add(waiter);
        const stopWaiting = () => {
          this.#waiters.delete(waiter);
          resolve(this.#mark);
        };
        if (signal !== undefined) remove = onAbort(signal, stopWaiting);
        if (timeoutMs !== undefined && timeoutMs < MAX_TIMER_MS) timer = setTimeout(stopWaiting, timeoutMs);
        this.nudge();
      });
    } finally {
      end();
      clearTimeout(timer);
      remove?.();
      if (this.#waiters.size === 0) {
        clearTimeout(this.#timer);
        clearTimeout(this.#wakeTimer);
        this.#wakeTimer = undefined;
      }
    }
  }

  /** Something was appended: reads the mark now, if there are waiters. */
  nudge(): void {
    if (this.#waiters.size === 0) return;
    if (this.#reading) {
      this.#readAgain = true;
      return;
    }
    clearTimeout(this.#timer);
    this.#reading = true;
    void this.#readForWaiters().finally(() => {
      this.#reading = false;
      const again = this.#readAgain;
      this.#readAgain = false;
      if (again) this.nudge();
    });
  }

  /** A notification came. */
  #wake(): void {
    this.#woken = true;
    if (this.#idleWakes < IDLE_WAKES) this.nudge();
    else if (this.#waiters.size > 0)
      this.#wakeTimer ??= setTimeout(() => {
        this.#wakeTimer = undefined;
        this.nudge();
      }, WAKE_TOGETHER_MS);
  }

  async #readForWaiters(): Promise<void> {
    const notified = this.#woken;
    const before = this.#mark;
    this.#woken = false;
    try {
      const asked = [...this.#waiters];
      const { pending, top } = await this.#read();
      if (this.#mark !== before) this.#idleWakes = 0;
      else if (notified) this.#idleWakes += 1;
      this.#rejectLost(asked, top);
      const woken = [...this.#waiters].filter(({ after }) => this.#mark > after);
      if (woken.length > 0) this.#wokenTogether = woken.length;
      for (const waiter of woken) {
        this.#waiters.delete(waiter);
        waiter.resolve(this.#mark);
      }
      this.#schedule(pending);
    } catch (error) {
      for (const waiter of this.#waiters) waiter.reject(error);
      this.#waiters.clear();
    }
  }

  /** Those whose position the log does not have: they would wait until other events are there. */
  #rejectLost(waiters: readonly Waiter[], top: number): void {
    for (const waiter of waiters) {
      try {
        this.#memory.assertSame(waiter.era);
        if (waiter.after > top) throw beyondTheEnd(waiter.after, top);
      } catch (error) {
        this.#waiters.delete(waiter);
        waiter.reject(error);
      }
    }
  }

  #schedule(pending: boolean): void {
    if (this.#waiters.size === 0) return;
    this.#pendingReads = pending ? this.#pendingReads + 1 : 0;
    const pollMs = this.#notifier.listening ? POLL_WHEN_LISTENING_MS : POLL_WITHOUT_LISTENING_MS;
    const delayMs = pending ? retryDelayMs(whilePending, this.#pendingReads) : pollMs;
    this.#timer = setTimeout(() => this.nudge(), delayMs);
  }

  /**
   * @returns the mark, whether an append is in flight that holds it back, and the highest position that was drawn
   * @throws StoreUnavailableError when the lineage is another one each time
   */
  async #read(words?: QueriedWords, run?: StatementRunner): Promise<Mark> {
    for (let attempt = 0; attempt < LINEAGE_ATTEMPTS; attempt += 1) {
      const { era } = this.#memory;
      const row = await this.#query(words, run);
      const mark = toSafeNumber(row.high_water_mark);
      if (row.lineage !== this.#memory.lineage || mark < this.#mark) await this.#memory.check(run);
      if (this.#era !== this.#memory.era) {
        this.#era = this.#memory.era;
        this.#mark = 0;
      } else if (row.lineage === this.#memory.lineage) {
        const id = row.mark_event_id;
        if (id !== null) this.#memory.remember(era, [{ position: mark, id }]);
        const highest = Math.max(this.#mark, mark);
        if (words === undefined) this.#mark = highest;
        // In a transaction, a page that was sent for with this statement may lack what another connection has seen since.
        const own = run === undefined ? highest : mark;
        return { mark: own, pending: row.pending, top: toSafeNumber(row.top) };
      }
    }
    throw new StoreUnavailableError(ANOTHER_EACH_TIME);
  }

  async #query(words: QueriedWords | undefined, run = this.#run): Promise<HighWaterMarkRow> {
    let row: HighWaterMarkRow | undefined;
    try {
      [row] = await run<HighWaterMarkRow>(highWaterMarkStatement(this.#schema, words));
    } catch (error) {
      throw toLeftfoldError(error, this.#schema);
    }
    if (row === undefined) throw new TypeError('_high_water_mark returned no row');
    return row;
  }
}
