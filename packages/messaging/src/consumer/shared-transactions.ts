import { isOperational, onAbort, type PipelinedTransaction, Slots } from '@leftfold/postgres';
import { withinTime } from '@leftfold/subscriptions';
import type { Received } from '../sql/inbox/receive.ts';
import {
  applyIn,
  applyMessage,
  type ApplyContext,
  type Attempt,
  handleIn,
  HandlerFailure,
  isNotNext,
  limitsOf,
  Progress,
  receiveAll,
} from './apply-message.ts';
import { EventLoopLoad } from './event-loop-load.ts';
import type { PlacedMessage } from './message-reader.ts';

/** A message that waits for a transaction, or is in one. */
interface Job {
  readonly attempt: Attempt;
  readonly progress: Progress;
  readonly resolve: (outcome: Received | HandlerFailure | 'alone') => void;
  received?: Received;
}

/** What is sent in a transaction and not answered, or not asked for yet. */
interface Unsettled {
  /** Messages that the inbox is still to be asked for. */
  readonly unreceived: PlacedMessage[];
  /** Answers to statements that handlers have returned. */
  readonly answers: Promise<unknown>[];
  /** Types of the messages of these statements. */
  readonly types: Set<string>;
}

/** A handler has changed a setting for those that were called before that was known. */
class ChangedForOthers extends Error {}

/** What the inbox says to a message that it takes. */
const APPLIED: Received = { verdict: 'apply', blocked: null };

/** A transaction that is open, and since when it is at its present message, or is being begun or committed. */
interface Open {
  since: number;
  /** Whether it has taken a message, or has failed before. */
  isBegun: boolean;
}

/** Transactions that take messages side by side however busy the process is: one computes while the other waits. */
const LEAST_SIDE_BY_SIDE = 2;
/** One that is at a message for longer does not take the next one soon. */
const QUICK_MS = 10;
/** Statements of handlers that are sent before the first of them is answered. */
const MOST_UNANSWERED = 64;
/** After a failure that may come from what messages hold together, each has a transaction of its own for so long. */
const ALONE_MS = 30_000;

/**
 * Applies messages of different keys, several in a transaction where several are there: a commit waits for the disk, and
 * costs more than most handlers. A transaction takes further messages for a few milliseconds only, so that a slow handler
 * is alone in its own, or is the last.
 *
 * While the process has time, one begins beside the others as soon as a message waits. While it has none, more of them
 * would only have fewer messages each: then those that are open take what waits, unless they are slow.
 *
 * When such a transaction fails, nothing of it was done, and each of its messages is applied alone. One whose handler
 * changed a setting, or made a temporary table, is the last: the next handler would see that.
 */
export class SharedTransactions {
  readonly #context: ApplyContext;
  readonly #executesCommands: boolean;
  readonly #transactions: Slots;
  readonly #waiting: Job[] = [];
  readonly #open = new Set<Open>();
  /** Transactions that have not taken a message yet: each is for one that waits. */
  #beginning = 0;
  readonly #load = new EventLoopLoad();
  #looking: NodeJS.Timeout | undefined;
  #aloneUntil = 0;
  /** Types whose handlers have changed a setting, or made a temporary table. */
  readonly #changing = new Set<string>();

  constructor(context: ApplyContext) {
    this.#context = context;
    this.#executesCommands = context.execute !== undefined;
    this.#transactions = new Slots(context.settings.concurrency);
  }

  /**
   * @param mayShare false for a message that may have ended a process
   * @returns and throws like {@link applyMessage}
   */
  async apply(attempt: Attempt, mayShare: boolean): Promise<Received | HandlerFailure> {
    const { transactionMs } = this.#context.settings;
    if (!mayShare || transactionMs === 0 || performance.now() < this.#aloneUntil) return this.#alone(attempt);
    const outcome = await new Promise<Received | HandlerFailure | 'alone'>((resolve) => {
      this.#waiting.push({ attempt, progress: new Progress(), resolve });
      this.#begin();
    });
    // The inbox is asked first: what was expected may have been the reason.
    return outcome === 'alone' ? this.#alone({ ...attempt, expected: false }) : outcome;
  }

  async #alone(attempt: Attempt): Promise<Received | HandlerFailure> {
    try {
      return await this.#transactions.during(() => applyMessage(this.#context, attempt));
    } finally {
      this.#begin();
    }
  }

  #begin(): void {
    while (this.#waiting.length > this.#beginning) {
      if (!this.#mayBegin()) {
        this.#lookLater();
        return;
      }
      if (!this.#transactions.tryTake()) return;
      this.#beginning += 1;
      void this.#share().finally(() => {
        this.#transactions.free();
        this.#begin();
      });
    }
  }

  #mayBegin(): boolean {
    const now = performance.now();
    let quick = 0;
    for (const { since } of this.#open) if (now - since < QUICK_MS) quick += 1;
    return quick < LEAST_SIDE_BY_SIDE || !this.#load.isBusy;
  }

  #lookLater(): void {
    if (this.#looking !== undefined) return;
    this.#looking = setTimeout(() => {
      this.#looking = undefined;
      this.#begin();
    }, QUICK_MS);
  }

  /** Does not throw. */
  async #share(): Promise<void> {
    const jobs: Job[] = [];
    const open: Open = { since: performance.now(), isBegun: false };
    this.#open.add(open);
    try {
      await this.#inOneTransaction(jobs, open);
      for (const { received, resolve } of jobs) resolve(received!);
    } catch (error) {
      const { stopped } = this.#context;
      // Without a transaction none has begun: what waits is applied alone, which tries again.
      if (jobs.length === 0) jobs.push(...this.#waiting.splice(0, 1));
      if (jobs.length > 1 && isOperational(error)) this.#aloneUntil = performance.now() + ALONE_MS;
      // Of several, one before may have left what this one failed by.
      const isAlone = jobs.length === 1;
      for (const job of jobs) {
        const itsOwn = isAlone && job.progress.isHandler && !stopped.aborted && !isNotNext(error);
        job.resolve(itsOwn ? new HandlerFailure(error) : 'alone');
      }
    } finally {
      this.#hasBegun(open);
      this.#open.delete(open);
    }
  }

  #hasBegun(open: Open): void {
    if (open.isBegun) return;
    open.isBegun = true;
    this.#beginning -= 1;
  }

  /**
   * The inbox is asked for the first message at once, and for those behind it with one statement before the commit: it
   * compares what each of them follows, whenever it is asked. A handler that changed a setting before, which that statement
   * would see, is called when the inbox has answered.
   *
   * @param unsettled gets the message when the inbox is still to be asked for it, and the answers to statements that are sent
   */
  async #applyIn(
    transaction: PipelinedTransaction,
    signal: AbortSignal,
    {
      job: { attempt, progress },
      isFirst,
      unsettled,
    }: { readonly job: Job; readonly isFirst: boolean; readonly unsettled: Unsettled },
  ): Promise<Received> {
    const { message, expected } = attempt;
    const { type } = message.event;
    const { unreceived, answers, types } = unsettled;
    try {
      if (isFirst || !expected || this.#executesCommands || this.#changing.has(type)) {
        if (this.#changing.has(type)) await this.#settle(transaction, unsettled);
        return await applyIn(transaction, this.#context, { signal, progress }, attempt);
      }
      answers.push(...(await handleIn(transaction, this.#context, { signal, progress }, attempt)));
      types.add(type);
      unreceived.push(message);
      return APPLIED;
    } finally {
      // Only of a type that has a handler, of which there are few.
      if (transaction.isChanged()) this.#changing.add(type);
    }
  }

  /**
   * Waits for what is sent, and has the inbox take the messages that it is still to be asked for.
   *
   * @throws what a statement of a handler throws; ChangedForOthers: roll back then
   */
  async #settle(transaction: PipelinedTransaction, { unreceived, answers, types }: Unsettled): Promise<void> {
    const receiving =
      unreceived.length === 0 ? [] : [receiveAll(transaction, this.#context, unreceived.splice(0))];
    const sent = answers.splice(0);
    const isChanged = () => sent.length > 0 && transaction.isChanged();
    try {
      await Promise.all([...sent, ...receiving]);
    } finally {
      if (isChanged()) for (const type of types) this.#changing.add(type);
      types.clear();
    }
    if (isChanged()) throw new ChangedForOthers();
  }

  async #inOneTransaction(jobs: Job[], open: Open): Promise<void> {
    const { database, names, settings, stopped } = this.#context;
    const { timeoutMs, transactionMs } = settings;
    stopped.throwIfAborted();
    const ended = new AbortController();
    const remove = onAbort(stopped, () => ended.abort(stopped.reason));
    const { signal } = ended;
    await database
      .inTransaction(
        names,
        async (transaction) => {
          this.#hasBegun(open);
          open.since = performance.now();
          const full = open.since + transactionMs;
          const unsettled: Unsettled = { unreceived: [], answers: [], types: new Set() };
          const settle = () => withinTime(timeoutMs, ended, () => this.#settle(transaction, unsettled));
          do {
            const job = this.#waiting.shift();
            if (job === undefined) break;
            jobs.push(job);
            job.received = await withinTime(timeoutMs, ended, () =>
              this.#applyIn(transaction, signal, { job, isFirst: jobs.length === 1, unsettled }),
            );
            if (unsettled.answers.length >= MOST_UNANSWERED) await settle();
            open.since = performance.now();
          } while (open.since < full && !signal.aborted && !transaction.isChanged());
          await settle();
        },
        { ...limitsOf(settings), signal },
      )
      .finally(remove);
  }
}
