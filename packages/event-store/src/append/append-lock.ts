import {
  type AppendContext,
  type AppendLock,
  type AppendOptions,
  type AppendResult,
  type AppendToStreamsResult,
  type DecisionQueries,
  type DecisionRead,
  type NewEvent,
  type ReadForDecisionOptions,
  type ReadStreamOptions,
  StoreUnavailableError,
  type StreamEvents,
  type StreamToAppend,
} from '@leftfold/core';
import {
  IDLE_LIMIT_MS,
  type PipelinedTransaction,
  type Statement,
  type StatementRunner,
} from '@leftfold/postgres';
import { CompiledQuery } from 'kysely';
import { firstStream } from './append-result.ts';

/** The transaction of a lock. */
export interface LockTransaction extends Pick<PipelinedTransaction, 'tx'> {
  /** Sends a statement before it returns. The answers come in this order. */
  readonly run: StatementRunner;
  /** Ends the transaction after what was sent, without waiting for answers. Resolves when it is committed. */
  readonly commit: () => Promise<void>;
  /** From now on only the server ends it for being idle. */
  readonly keep: () => void;
  /** Undoes it, unless it is committed. Resolves when it has ended. */
  readonly rollBack: () => Promise<void>;
}

/** What a lock does in its transaction. */
export interface InLock {
  readonly readStream: (streamId: string, options: ReadStreamOptions, run: StatementRunner) => StreamEvents;
  readonly readForDecision: (
    queries: DecisionQueries,
    options: ReadForDecisionOptions,
    run: StatementRunner,
  ) => Promise<DecisionRead>;
  /** Appends and commits. */
  readonly append: (
    appends: readonly StreamToAppend[],
    context: AppendContext,
    transaction: LockTransaction,
  ) => Promise<AppendToStreamsResult>;
}

export type LockWork = (transaction: PipelinedTransaction) => Promise<void>;

/**
 * Begins a transaction that takes locks, and keeps it open. Whoever waits for them sends nothing meanwhile: the statements
 * of the lock are on their way when it is granted, so that it is held for as few round trips as possible.
 *
 * @param transact runs work in a transaction with limits: the server ends one that is idle
 * @param statement takes the locks
 */
export function openAppendLock(
  transact: (work: LockWork) => Promise<void>,
  statement: Statement,
  inLock: InLock,
): Promise<AppendLock> {
  return new Promise((resolve, reject) => {
    const ended = transact(async ({ tx, send }) => {
      let isOver = false;
      let unanswered = 0;
      let onIdle = () => {};
      let timer: NodeJS.Timeout | undefined;
      const run: StatementRunner = async <TRow extends object>({ text, values }: Statement) => {
        // The connection may be another caller's by now.
        if (isOver) throw new StoreUnavailableError(OVER);
        unanswered += 1;
        const { rows } = (await send(CompiledQuery.raw(text, [...values])).finally(() => {
          unanswered -= 1;
          if (unanswered === 0) onIdle();
        })) as { readonly rows: TRow[] };
        return rows;
      };
      const locked = run(statement);
      locked.catch(() => {}); // the next statement fails with the same error
      await new Promise<void>((finish, fail) => {
        const commit = () => {
          isOver = true;
          finish();
          return ended;
        };
        const rollBack = async () => {
          isOver = true;
          fail(new Undone());
          await ended.catch(() => {});
        };
        // The server ends it as well, but says so only to the next statement.
        onIdle = () => {
          clearTimeout(timer);
          if (!isOver) timer = setTimeout(() => unanswered === 0 && void rollBack(), IDLE_LIMIT_MS);
        };
        const keep = () => {
          unanswered += 1;
          clearTimeout(timer);
        };
        resolve(new HeldLock(inLock, { tx, run, commit, keep, rollBack }));
      }).finally(() => clearTimeout(timer));
      await locked;
    });
    ended.catch(reject);
  });
}

const OVER =
  'the locks of an append have ended: after an append, or after 5 seconds without a statement; take them again';

class Undone extends Error {}

class HeldLock implements AppendLock {
  readonly #inLock: InLock;
  readonly #transaction: LockTransaction;
  /** Runs what reads. Not after an append, which is seen before it is committed, and may be undone. */
  readonly #read: StatementRunner;
  #isAppending = false;

  constructor(inLock: InLock, transaction: LockTransaction) {
    this.#inLock = inLock;
    this.#transaction = transaction;
    this.#read = async (statement) => {
      if (this.#isAppending) throw new StoreUnavailableError(OVER);
      return transaction.run(statement);
    };
  }

  append(
    streamId: string,
    events: readonly NewEvent[],
    { expectedVersion, ...context }: AppendOptions = {},
  ): Promise<AppendResult> {
    return firstStream(this.appendToStreams([{ streamId, events, expectedVersion }], context));
  }

  async appendToStreams(
    appends: readonly StreamToAppend[],
    context: AppendContext = {},
  ): Promise<AppendToStreamsResult> {
    this.#isAppending = true;
    this.#transaction.keep();
    try {
      return await this.#inLock.append(appends, context, this.#transaction);
    } catch (error) {
      // One that was refused before it was sent has left the transaction open.
      await this.#transaction.rollBack();
      throw error;
    }
  }

  readStream(streamId: string, options: ReadStreamOptions = {}): StreamEvents {
    return this.#inLock.readStream(streamId, options, this.#read);
  }

  readForDecision(queries: DecisionQueries, options: ReadForDecisionOptions = {}): Promise<DecisionRead> {
    return this.#inLock.readForDecision(queries, options, this.#read);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#transaction.rollBack();
  }
}
