import { setTimeout as delay } from 'node:timers/promises';
import {
  type AppendToStreamsResult,
  EventIdReusedError,
  type EventMetadata,
  type EventStore,
  type ErrorCode,
  LeftfoldError,
  type RecordedEvent,
} from '@leftfold/core';
import { type Change, decideOn, type DecideOutcome } from '../decide/decide-on.ts';
import type { Plan, Target } from '../decide/plan.ts';
import { sameVersions, type LoadedTarget, unmetExpectation } from '../decide/loaded-target.ts';
import type { Loader } from '../load/loader.ts';
import { type CompleteRetryPolicy, retryDelayMs } from '../retry/retry-policy.ts';
import type { Turns } from '../turn/turns.ts';
import type { AnyResult } from './command-result.ts';
import { forgetWhatIsNotInTheLog, cacheResult } from './cache-result.ts';
import { assertUnmoved, sendChanges } from './send-changes.ts';
import { type ResultContext, toAppendedResult, toRejectedResult, toUnchangedResult } from './to-result.ts';

/** The store tries for a while by itself before it says that it is unavailable. */
const UNAVAILABLE_ATTEMPTS = 3;

/** What the executions of one executor share. */
export interface ExecutorContext {
  readonly store: EventStore;
  readonly loader: Loader;
  readonly turns: Turns;
  readonly random: () => number;
}

/** What is known of one execution when it begins. */
export interface ExecutionRequest {
  readonly plan: Plan;
  readonly commandId: string;
  /** True when the caller named the command: it may have been executed before. */
  readonly mayBeDuplicate: boolean;
  readonly metadata: EventMetadata;
  readonly retry: CompleteRetryPolicy;
  readonly now: Date;
  readonly newId: () => string;
}

/** What one try came to, when the store did not ask for another one. */
type AttemptResult =
  | { readonly kind: 'appended'; readonly result: AnyResult }
  | { readonly kind: 'nothing-appended'; readonly result: AnyResult }
  | { readonly kind: 'failed'; readonly error: unknown };

/** One command's way: load, decide, append, and again when a writer elsewhere came first. */
export class Execution {
  readonly #workplace: ExecutorContext;
  readonly #request: ExecutionRequest;
  readonly #streamIds: readonly string[];
  #attempts = 0;
  #unavailable = 0;
  /** A state that was read, or appended to, after this moment is the present one for this execution. */
  #arrival: number;
  /** True when an append may have been committed without an answer. */
  #appendUncertain = false;
  /** Ids that were handed to the decision, so that it gets the same ones when it is called again. */
  readonly #ids: string[] = [];

  constructor(workplace: ExecutorContext, request: ExecutionRequest) {
    this.#workplace = workplace;
    this.#request = request;
    this.#streamIds = request.plan.targets.map(({ streamId }) => streamId);
    this.#arrival = workplace.loader.arrive();
  }

  /** @throws what the decision, a fold or the store threw, untouched */
  async run(): Promise<AnyResult> {
    for (;;) {
      this.#attempts += 1;
      let settled: AttemptResult;
      try {
        settled = await this.#try();
      } catch (error) {
        // Whoever waits for this command's turn to end would fail after it, one after another, each after its own wait.
        if (hasCode(error, 'STORE_UNAVAILABLE')) this.#workplace.turns.open(this.#streamIds);
        if (!this.#maySucceedLater(error)) throw error;
        await delay(retryDelayMs(this.#request.retry, this.#attempts, this.#workplace.random()));
        this.#arrival = this.#workplace.loader.arrive();
        continue;
      }
      if (settled.kind === 'failed') throw settled.error;
      return settled.result;
    }
  }

  #maySucceedLater(error: unknown): boolean {
    if (this.#attempts >= this.#request.retry.attempts) return false;
    if (hasCode(error, 'STREAM_VERSION_CONFLICT')) return true;
    if (!hasCode(error, 'STORE_UNAVAILABLE')) return false;
    this.#unavailable += 1;
    return this.#unavailable < UNAVAILABLE_ATTEMPTS;
  }

  /** One try. What it throws is the store's, or a fold's; what the decision threw is in what it returns. */
  async #try(): Promise<AttemptResult> {
    const settled = await this.#workplace.turns.take(this.#streamIds, () => this.#decideAndAppend());
    const mayBeInTheLog = this.#request.mayBeDuplicate || this.#appendUncertain;
    if (settled.kind === 'appended' || !mayBeInTheLog) return settled;
    // A repeated command meets the state that its first execution left, and may be refused for that very reason.
    const recorded = await this.#workplace.store.eventsOfCommand(this.#request.commandId);
    return recorded.length === 0 ? settled : this.#repeated(recorded);
  }

  async #decideAndAppend(): Promise<AttemptResult> {
    const guess = this.#guess();
    const guessed = guess === undefined ? undefined : this.#decide(guess);
    if (guess !== undefined && guessed !== undefined) {
      if (guessed.kind === 'changes') {
        try {
          return await this.#append(guessed.changes);
        } catch (error) {
          // The guess was behind the log. That is no lost race yet: read on, and try with what is there now.
          if (!hasCode(error, 'STREAM_VERSION_CONFLICT')) throw error;
        }
      } else if (this.#isRecent(guess)) {
        return this.#appendNothing(guess, guessed);
      }
    }
    const { loader } = this.#workplace;
    const { targets } = this.#request.plan;
    const standings = await Promise.all(
      targets.map(
        async (target): Promise<LoadedTarget> => ({
          target,
          folded: await loader.load(target, this.#askerOf(target)),
        }),
      ),
    );
    const unmet = unmetExpectation(standings);
    if (unmet !== undefined) return { kind: 'failed', error: unmet };
    const stillHolds = guess !== undefined && guessed?.kind !== 'changes' && sameVersions(guess, standings);
    const verdict = stillHolds && guessed !== undefined ? guessed : this.#decide(standings);
    return verdict.kind === 'changes'
      ? this.#append(verdict.changes)
      : this.#appendNothing(standings, verdict);
  }

  /**
   * What the aggregates may be like, without asking. What is decided on it holds if the append finds the same versions.
   * undefined when it is not worth a try.
   */
  #guess(): readonly LoadedTarget[] | undefined {
    const standings: LoadedTarget[] = [];
    for (const target of this.#request.plan.targets) {
      const folded = this.#workplace.loader.guess(target, this.#askerOf(target));
      if (folded === undefined) return undefined;
      standings.push({ target, folded });
    }
    if (unmetExpectation(standings) !== undefined) return undefined;
    return this.#attempts === 1 || this.#isRecent(standings) ? standings : undefined;
  }

  #askerOf({ role }: Target): string {
    return `${this.#request.plan.name} ${role}`;
  }

  #isRecent(standings: readonly LoadedTarget[]): boolean {
    return standings.every(({ folded }) => folded.asOf >= this.#arrival);
  }

  #decide(standings: readonly LoadedTarget[]): DecideOutcome {
    const { plan, now, metadata, newId } = this.#request;
    let used = 0;
    return decideOn(plan, standings, {
      now,
      metadata,
      newId: () => {
        const id = this.#ids[used] ?? newId();
        this.#ids[used] = id;
        used += 1;
        return id;
      },
    });
  }

  async #append(changes: readonly Change[]): Promise<AttemptResult> {
    const { loader, store } = this.#workplace;
    const { commandId, metadata } = this.#request;
    const { asOf } = loader;
    let appended: AppendToStreamsResult;
    try {
      appended = await sendChanges(store, changes, { commandId, metadata });
    } catch (error) {
      if (hasCode(error, 'EVENT_ID_REUSED')) return { kind: 'failed', error };
      if (hasCode(error, 'STORE_UNAVAILABLE')) this.#appendUncertain = true;
      forgetWhatIsNotInTheLog(loader, changes, error);
      throw error;
    }
    const [first, ...others] = appended.streams;
    const events = (first?.events ?? []).concat(...others.map((stream) => stream.events));
    if (appended.duplicate) return this.#repeated(events);
    changes.forEach((change, index) =>
      cacheResult(loader, change, appended.streams[index]?.events ?? [], asOf),
    );
    return { kind: 'appended', result: toAppendedResult(this.#resultContext(), events, false) };
  }

  /** Nothing is to be appended: the answer rests on the states alone, so they must have held at one moment. */
  async #appendNothing(standings: readonly LoadedTarget[], verdict: DecideOutcome): Promise<AttemptResult> {
    if (standings.length > 1) await assertUnmoved(this.#workplace.store, standings);
    const context = this.#resultContext();
    switch (verdict.kind) {
      case 'thrown':
        return { kind: 'failed', error: verdict.error };
      case 'rejected':
        return { kind: 'nothing-appended', result: toRejectedResult(context, standings, verdict.rejection) };
      case 'no-changes':
      case 'changes':
        return { kind: 'nothing-appended', result: toUnchangedResult(context, standings) };
    }
  }

  /** The answer of the first time, if these events are that of this very command. */
  #repeated(recorded: readonly RecordedEvent[]): AttemptResult {
    const { plan, mayBeDuplicate } = this.#request;
    const stranger = recorded.find(
      ({ streamId, metadata }) => metadata['command'] !== plan.name || !this.#streamIds.includes(streamId),
    );
    if (stranger !== undefined) return { kind: 'failed', error: new EventIdReusedError(stranger.id) };
    const events = recorded.toSorted((one, other) => one.position - other.position);
    return { kind: 'appended', result: toAppendedResult(this.#resultContext(), events, mayBeDuplicate) };
  }

  #resultContext(): ResultContext {
    const { plan, commandId } = this.#request;
    return { plan, commandId, attempts: this.#attempts };
  }
}

function hasCode(error: unknown, code: ErrorCode): boolean {
  return LeftfoldError.is(error) && error.code === code;
}
