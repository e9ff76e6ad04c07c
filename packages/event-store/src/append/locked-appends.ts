import type {
  AppendContext,
  AppendLock,
  AppendToStreamsResult,
  InFlight,
  StreamToAppend,
} from '@leftfold/core';
import { type AppendRequest, readUpTo } from '@leftfold/core/append';
import { type Slots, toLeftfoldError } from '@leftfold/postgres';
import type { HighWaterWatch } from '../high-water/high-water-watch.ts';
import type { LogMemory } from '../lineage/log-memory.ts';
import { readForDecision } from '../read/decision-read.ts';
import type { LogReader } from '../read/log-reader.ts';
import type { AppendStatements } from '../sql/append.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { type LockTransaction, type LockWork, openAppendLock } from './append-lock.ts';
import { toAppendResult } from './append-result.ts';
import { LOCK_TIMEOUT_MS } from './group-commit.ts';
import { applyInTransaction, type InlineHook, type RunTransaction } from './inline-append.ts';
import { appendBatch } from './send-batch.ts';
import { tracedAppend } from './traced-append.ts';

export interface LockedAppendsOptions {
  readonly transact: RunTransaction;
  readonly statements: AppendStatements;
  readonly reader: LogReader;
  readonly watch: HighWaterWatch;
  readonly memory: LogMemory;
  readonly answerMs: number;
  /** Connections for locks that are held or waited for. */
  readonly slots: Slots;
  readonly inFlight: InFlight;
  /** @throws the errors of an append that cannot be stored */
  readonly prepare: (appends: readonly StreamToAppend[], context: AppendContext) => AppendRequest;
  /** The hook that the request runs. */
  readonly hookOf: (request: AppendRequest) => InlineHook | undefined;
  /** Appends as one that has no locks. */
  readonly append: (request: AppendRequest) => Promise<AppendToStreamsResult>;
  readonly onCommitted: () => void;
}

/** Longest wait for the locks of an append: two processes may be paused while they hold them, for five seconds each. */
const LONGEST_WAIT_MS = 12_000;

/** Appends whose locks are taken before what they rest on is read. */
export class LockedAppends {
  readonly #options: LockedAppendsOptions;

  constructor(options: LockedAppendsOptions) {
    this.#options = options;
  }

  /** Takes the locks of an append in a transaction of its own. */
  async lock(appends: readonly StreamToAppend[], context: AppendContext): Promise<AppendLock> {
    const { transact, statements, reader, watch, memory, answerMs, slots, inFlight, prepare } = this.#options;
    const { schema } = statements;
    const request = prepare(appends, context);
    await memory.learn();
    const endWork = inFlight.begin(request.memory);
    const lockMs = Math.min(LONGEST_WAIT_MS, answerMs / 2);
    const transaction = async (work: LockWork) => {
      try {
        await slots.during(() => transact(work, { lockMs }));
      } catch (error) {
        throw toLeftfoldError(error, schema);
      } finally {
        endWork();
      }
    };
    return openAppendLock(transaction, statements.lock(request, LOCK_TIMEOUT_MS), {
      readStream: (...given) => reader.stream(...given),
      readForDecision: (...given) => readForDecision(reader, watch, ...given),
      append: (given, under, held) => {
        const last = prepare(given, under);
        const send = () => this.#append(last, held);
        return tracedAppend(schema, last, () => inFlight.run(send, last.memory));
      },
    });
  }

  /**
   * Appends and commits. What the database does not do at once, because of a race for a stream or a wait for another lock, is
   * made again as any other append.
   */
  async #append(request: AppendRequest, transaction: LockTransaction): Promise<AppendToStreamsResult> {
    const { memory, append, onCommitted } = this.#options;
    const { era, lineage } = memory;
    const outcome = await this.#try(request, transaction);
    if (outcome === undefined || !isFinal(outcome)) {
      await transaction.rollBack();
      return append(request);
    }
    const result = toAppendResult(request, outcome, []);
    const events = result.streams.flatMap((stream) => stream.events);
    memory.remember(era, events);
    await memory.confirm(lineage);
    if (events.length > 0) onCommitted();
    return result;
  }

  /** @returns undefined when it failed: an append without the locks finds out whether it was committed, or fails again */
  async #try(
    request: AppendRequest,
    { tx, run, commit }: LockTransaction,
  ): Promise<AppendOutcome | undefined> {
    const { statements, memory, hookOf } = this.#options;
    const hook = hookOf(request);
    try {
      // A condition on what the log no longer has would hold.
      await memory.assertReaches(readUpTo(request.condition), run);
      if (request.era !== undefined) memory.assertSame(request.era);
      const options = { checkEventIds: false, lineage: memory.lineage, appliedInline: hook?.applies };
      const appended = appendBatch(run, statements, [request], options);
      if (hook === undefined) {
        // Without waiting for the answer: others wait for the locks.
        const [[outcome]] = await Promise.all([appended, commit()]);
        return outcome;
      }
      const [outcome] = await appended;
      if (outcome?.kind === 'appended') {
        const { streams } = toAppendResult(request, outcome, []);
        await applyInTransaction(
          tx,
          hook,
          streams.flatMap(({ events }) => events),
        );
      }
      await commit();
      return outcome;
    } catch {
      return undefined;
    }
  }
}

/** Whether another call would give the same: a conflict, an event that matches, or events that were appended. */
function isFinal({ kind }: AppendOutcome): boolean {
  return kind === 'appended' || kind === 'matched' || kind === 'conflict' || kind === 'event-id-reused';
}
