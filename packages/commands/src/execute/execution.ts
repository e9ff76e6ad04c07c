import {
  type AppendLock,
  type AppendToStreamsResult,
  CommandIdReusedError,
  LeftfoldError,
  type RecordedEvent,
  retryDelayMs,
} from '@leftfold/core';
import { type Changes, decideOn, type DecideOutcome } from '../decide/decide-on.ts';
import { type Loaded, sameStates, statesIn, unmetExpectedVersion } from '../decide/loaded.ts';
import { sameFingerprint } from '../metadata/command-fingerprint.ts';
import type { LaneUse } from '../stream-queue/stream-queues.ts';
import type { AnyResult, ConflictError } from './command-result.ts';
import { hasCode, isConflict, lastConflict } from './conflicts.ts';
import { forgetIfLogIsBehind, cacheResult } from './cache-result.ts';
import type { AttemptResult, ExecutionRequest, ExecutorContext } from './execution-request.ts';
import { laneUsesOf } from './lane-uses.ts';
import { appendOf, assertUnchanged, type PreparedAppend, sendAppend } from './send-changes.ts';
import {
  type ResultContext,
  type StreamVersion,
  toAppendedResult,
  toRejectedResult,
  toUnchangedResult,
} from './to-result.ts';

/** Few: the store has already retried before it reports that it is unavailable. */
const UNAVAILABLE_ATTEMPTS = 3;

interface ReadAndAppendOptions {
  readonly guess?: Loaded | undefined;
  /** What was decided on the guess: it still holds when the guess does. */
  readonly guessed?: DecideOutcome;
  /** @default no locks */
  readonly lock?: AppendLock | undefined;
}

/** One execution: load, decide, append; again after a version conflict with another process. */
export class Execution {
  readonly #context: ExecutorContext;
  readonly #request: ExecutionRequest;
  readonly #streamIds: readonly string[];
  readonly #laneUses: readonly LaneUse[];
  readonly #lanes: readonly string[];
  readonly #began = performance.now();
  #attempts = 0;
  #unavailable = 0;
  /** A state that was read or appended to after this moment counts as current for this execution. */
  #arrival: number;
  /** The append of the last attempt, if it was not made under its locks and an event of another writer refused it. */
  #refused: PreparedAppend | undefined;
  /** True when an append may have been committed although its answer was lost. */
  #appendUncertain = false;
  /** The races that were lost, one for each attempt that ended so. */
  readonly #conflicts: ConflictError[] = [];
  /** Ids given to `decide`; it gets the same ones when it is called again. */
  readonly #ids: string[] = [];

  constructor(context: ExecutorContext, request: ExecutionRequest) {
    this.#context = context;
    this.#request = request;
    this.#streamIds = request.plan.targets.map(({ streamId }) => streamId);
    this.#laneUses = laneUsesOf(request.plan, context.appendedTypes);
    this.#lanes = this.#laneUses.map(({ lane }) => lane);
    this.#arrival = context.loader.arrive();
  }

  /** @throws what `decide`, `evolve` or the store throws; a condition that failed with the roles of the decision */
  async run(): Promise<AnyResult> {
    for (;;) {
      this.#attempts += 1;
      let settled: AttemptResult;
      try {
        settled = await this.#try();
      } catch (error) {
        if (isConflict(error)) this.#conflicts.push(error);
        // Commands queued behind this one would otherwise fail one after another, each after its own timeout.
        if (hasCode(error, 'STORE_UNAVAILABLE')) this.#context.queues.open(this.#lanes);
        if (!this.#maySucceedLater(error)) throw this.#withAttempts(error);
        // Not a lost race: what was decided on is gone, and the log can be read again at once. With a lock to wait for, the
        // order in which it was asked for is better than chance.
        if (!hasCode(error, 'LOG_REWOUND') && this.#refused === undefined) await this.#pause();
        this.#arrival = this.#context.loader.arrive();
        continue;
      }
      if (settled.kind === 'failed') throw settled.error;
      return settled.result;
    }
  }

  async #pause(): Promise<void> {
    const { retry, cancellation } = this.#request;
    await cancellation.pause(retryDelayMs(retry, this.#attempts, this.#context.random()));
  }

  #withAttempts(error: unknown): unknown {
    if (!isConflict(error)) return error;
    const elapsedMs = performance.now() - this.#began;
    return lastConflict(error, this.#conflicts, { attempts: this.#attempts, elapsedMs });
  }

  #maySucceedLater(error: unknown): boolean {
    if (this.#attempts >= this.#request.retry.attempts) return false;
    if (isConflict(error) || hasCode(error, 'LOG_REWOUND')) return true;
    if (!hasCode(error, 'STORE_UNAVAILABLE')) return false;
    this.#unavailable += 1;
    return this.#unavailable < UNAVAILABLE_ATTEMPTS;
  }

  /** One attempt. Throws errors of the store or of `evolve`; an error of `decide` is part of the result. */
  async #try(): Promise<AttemptResult> {
    const settled = await this.#context.queues.take(this.#laneUses, () => this.#decideAndAppend());
    const mayBeInTheLog = this.#request.mayBeDuplicate || this.#appendUncertain;
    if (settled.kind === 'appended' || !mayBeInTheLog) return settled;
    // A repeated command is decided on the state after its first execution, and may be rejected because of that.
    const recorded = await this.#context.store.eventsOfCommand(this.#request.commandId);
    return recorded.length === 0 ? settled : this.#repeated(recorded);
  }

  async #decideAndAppend(): Promise<AttemptResult> {
    this.#request.cancellation.assertNotAborted();
    const refused = this.#refused;
    this.#refused = undefined;
    if (refused !== undefined) return this.#underLock(refused);
    const guess = this.#guess();
    const guessed = guess === undefined ? undefined : this.#decide(guess);
    if (guess === undefined || guessed === undefined) return this.#readAndAppend();
    if (guessed.kind === 'changes') return this.#appendGuess(guessed.changes);
    if (guess.folds.length === 0 && this.#isRecent(guess)) return this.#appendNothing(guess, guessed);
    return this.#readAndAppend({ guess, guessed });
  }

  async #appendGuess(changes: Changes): Promise<AttemptResult> {
    const { contended } = this.#context;
    const append = this.#appendOf(changes);
    const lockable = this.#isLockable(changes);
    if (!lockable || !contended.hasAny(this.#lanes)) {
      try {
        return await this.#append(changes, append);
      } catch (error) {
        // The cached state was older than the log. This is not a lost race yet: read the newer events and decide again.
        if (!isConflict(error)) throw error;
      }
    }
    this.#refused = undefined;
    return lockable ? this.#underLock(append, changes) : this.#readAndAppend();
  }

  /** A command without folds has no condition, whose locks keep others out. */
  #isLockable({ folds }: Loaded): boolean {
    return folds.length > 0 && this.#context.store.lockForAppend !== undefined;
  }

  /** Reads, decides and appends while no other writer can add an event that counts in a fold. */
  async #underLock({ appends, context }: PreparedAppend, guess?: Loaded): Promise<AttemptResult> {
    await using lock = await this.#context.store.lockForAppend?.(appends, context);
    this.#request.cancellation.assertNotAborted();
    return await this.#readAndAppend({ guess, lock });
  }

  async #readAndAppend({ guess, guessed, lock }: ReadAndAppendOptions = {}): Promise<AttemptResult> {
    const { contended, planLoader } = this.#context;
    const loaded = await planLoader.load(this.#request.plan, lock);
    const unmet = unmetExpectedVersion(loaded);
    if (unmet !== undefined) return { kind: 'failed', error: unmet };
    const stillHolds = guess !== undefined && sameStates(guess, loaded);
    if (stillHolds && lock !== undefined) contended.remove(this.#lanes);
    const outcome = stillHolds && guessed !== undefined ? guessed : this.#decide(loaded);
    if (outcome.kind !== 'changes') return this.#appendNothing(loaded, outcome, lock);
    const append = this.#appendOf(outcome.changes);
    const takesLock = lock === undefined && this.#isLockable(loaded) && contended.hasAny(this.#lanes);
    return takesLock ? this.#underLock(append, loaded) : this.#append(outcome.changes, append, lock);
  }

  /** The cached states. undefined when they are not worth an attempt. */
  #guess(): Loaded | undefined {
    const guess = this.#context.planLoader.guess(this.#request.plan);
    if (guess === undefined || unmetExpectedVersion(guess) !== undefined) return undefined;
    return this.#attempts === 1 || this.#isRecent(guess) ? guess : undefined;
  }

  #isRecent(loaded: Loaded): boolean {
    return statesIn(loaded).every(({ asOf }) => asOf >= this.#arrival);
  }

  #decide(loaded: Loaded): DecideOutcome {
    const { plan, commandId, now, metadata, newId } = this.#request;
    let used = 0;
    return decideOn(plan, loaded, {
      commandId,
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

  #appendOf(changes: Changes): PreparedAppend {
    const { commandId, metadata, plan } = this.#request;
    const append = appendOf(changes, { commandId, metadata });
    for (const { events } of append.appends) this.#context.appendedTypes.add(plan.name, events);
    return append;
  }

  async #append(changes: Changes, append: PreparedAppend, lock?: AppendLock): Promise<AttemptResult> {
    const { contended, loader, foldLoader, store } = this.#context;
    const { commandId, cancellation } = this.#request;
    const { asOf } = loader;
    let appended: AppendToStreamsResult;
    cancellation.beginAppend();
    try {
      appended = await sendAppend(lock ?? store, append);
    } catch (error) {
      if (lock === undefined && isConflict(error) && this.#isLockable(changes)) {
        this.#refused = append;
        contended.add(this.#lanes);
      }
      if (LeftfoldError.is(error) && error.code === 'EVENT_ID_REUSED') {
        const ofCommand = error.eventId.startsWith(`${commandId}:`);
        return { kind: 'failed', error: ofCommand ? new CommandIdReusedError(commandId) : error };
      }
      if (hasCode(error, 'STORE_UNAVAILABLE')) this.#appendUncertain = true;
      if (!this.#appendUncertain) cancellation.appendFailed();
      forgetIfLogIsBehind(loader, changes.targets, error);
      const rejection = this.#request.toRejection?.(error);
      if (rejection !== undefined)
        return {
          kind: 'nothing-appended',
          result: toRejectedResult(this.#resultContext(), changes, rejection),
        };
      throw error;
    }
    const [first, ...others] = appended.streams;
    const events = (first?.events ?? []).concat(...others.map((stream) => stream.events));
    const byStream = new Map(
      append.appends.map(({ streamId }, index) => [streamId, appended.streams[index]]),
    );
    if (appended.duplicate) {
      // All of its events may be retired, and read as nothing.
      const places = changes.targets.map(({ target: { streamId } }) => ({
        streamId,
        streamVersion: byStream.get(streamId)?.streamVersion ?? 0,
      }));
      return this.#repeated(events, places);
    }
    for (const change of changes.targets)
      cacheResult(loader, change, byStream.get(change.target.streamId)?.events ?? [], asOf);
    foldLoader.keepAppended(changes.folds, { recorded: events, position: appended.position, asOf });
    return { kind: 'appended', result: toAppendedResult(this.#resultContext(), events, false) };
  }

  /** Without an append the result rests on the states alone, so all of them must have been current at one moment. */
  async #appendNothing(loaded: Loaded, outcome: DecideOutcome, lock?: AppendLock): Promise<AttemptResult> {
    await assertUnchanged(lock ?? this.#context.store, loaded);
    const context = this.#resultContext();
    switch (outcome.kind) {
      case 'thrown':
        return { kind: 'failed', error: outcome.error };
      case 'rejected':
        return {
          kind: 'nothing-appended',
          result: toRejectedResult(context, loaded, outcome.rejection),
        };
      case 'no-changes':
      case 'changes':
        return { kind: 'nothing-appended', result: toUnchangedResult(context, loaded) };
    }
  }

  /** The result of the first execution, if these events belong to this command. */
  #repeated(recorded: readonly RecordedEvent[], places?: readonly StreamVersion[]): AttemptResult {
    const { plan, mayBeDuplicate } = this.#request;
    const foreign = recorded.find(
      ({ streamId, metadata }) =>
        metadata['command'] !== plan.name || (!plan.writesElsewhere && !this.#streamIds.includes(streamId)),
    );
    const mine = this.#request.metadata['commandFingerprint'];
    // Events of an older release have no fingerprint.
    const otherInput = recorded.some(({ metadata: { commandFingerprint: theirs } }) =>
      typeof theirs === 'string' && typeof mine === 'string' ? !sameFingerprint(theirs, mine) : false,
    );
    if (foreign !== undefined || otherInput)
      return { kind: 'failed', error: new CommandIdReusedError(this.#request.commandId) };
    const events = recorded.toSorted((one, other) => one.position - other.position);
    return {
      kind: 'appended',
      result: toAppendedResult(this.#resultContext(), events, mayBeDuplicate, places),
    };
  }

  #resultContext(): ResultContext {
    const { plan, commandId } = this.#request;
    return { plan, commandId, attempts: this.#attempts, conflicts: this.#conflicts };
  }
}
