import { type RecordedEvent, retryDelayMs } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { StopRequest } from '../handler/stop-request.ts';
import { storedCountOf } from '../handler/stored-count.ts';
import type {
  PreparedBatch,
  SubscriptionHandler,
  SubscriptionPage,
} from '../handler/subscription-handler.ts';
import type { LeaseTerm } from '../lease/lease-term.ts';
import { type FailedEvent, toFailure } from '../parking/failure.ts';
import { storedKey } from '../parking/keys-of.ts';
import type { Failure, ParkedPlace } from '../sql/parking-change.ts';
import { advanceCheckpoint } from '../sql/checkpoint.ts';
import { isHeld } from '../sql/row.ts';
import { readCheckpoints } from '../sql/subscriptions.ts';
import type { HandlerRun } from '../subscription/subscription-definition.ts';
import type { Effect } from './effect.ts';
import { type KeyQueue, toKeyQueues, unprocessed } from './key-queues.ts';

/** A batch begins no event after as many milliseconds: what is left of it is set aside, and processed soon. */
const BATCH_MS = 1_000;

export interface EffectHandlerOptions {
  readonly store: PostgresEventStore;
  readonly release: string;
  /** Called for each attempt that failed and is followed by another. */
  readonly onRetry: (cause: unknown, slice: number) => void;
  /** Called for each event whose key is parked. */
  readonly onParked: (failed: FailedEvent, key: string, slice: number) => void;
}

/** A batch that has begun. */
interface Begun {
  readonly page: SubscriptionPage;
  readonly queues: readonly KeyQueue[];
  /** Settles when all of it is processed that will be. */
  readonly ended: Promise<void>;
}

/**
 * Does what an effect does for the events of a batch: for those of one key in order.
 *
 * The checkpoint moves past the whole batch. Events that are not processed are set aside with it: of keys that failed,
 * until the next attempt; and of keys that were not reached in time, or not before the runner stopped, until now. So no
 * key waits for another one that fails, and a crash repeats the events of one batch at most, and of those that began ahead.
 */
export class EffectHandler implements SubscriptionHandler {
  readonly #effect: Effect;
  readonly #options: EffectHandlerOptions;
  readonly #term: LeaseTerm;
  readonly #run: HandlerRun;
  /** What began ahead and is not recorded: undefined for a batch that may not begin. */
  #ahead: (Begun | undefined)[] = [];
  /** What is being recorded. */
  #writing: readonly Begun[] = [];
  /** Settles when nothing is under way of what was forgotten. */
  #forgotten: Promise<unknown> = Promise.resolve();

  constructor(effect: Effect, options: EffectHandlerOptions, term: LeaseTerm, run: HandlerRun) {
    this.#effect = effect;
    this.#options = options;
    this.#term = term;
    this.#run = run;
  }

  async prepare(page: SubscriptionPage): Promise<PreparedBatch> {
    const { to, events } = page;
    if (this.#effect.ahead !== true)
      return {
        to,
        eventCount: storedCountOf(events),
        grows: false,
        write: () => this.#processAndRecord(page),
      };
    await this.#forgotten;
    const begun = await this.#begin(page);
    this.#ahead.push(begun);
    const eventCount = this.#ahead.reduce((sum, one) => sum + storedCountOf(one?.page.events ?? []), 0);
    return { to, eventCount, grows: true, write: () => this.#recordAhead() };
  }

  /** What is under way then ends before anything is begun again: it would be processed beside itself. */
  forget(): void {
    const begun = [...this.#writing, ...this.#ahead];
    this.#forgotten = Promise.allSettled([this.#forgotten, ...begun.map((one) => one?.ended)]);
    this.#writing = [];
    this.#ahead = [];
  }

  async #processAndRecord(prepared: SubscriptionPage): Promise<boolean> {
    // The batch before this one may have set keys aside since this one was prepared.
    const page = this.#divide(prepared);
    const begun = await this.#begin(page);
    if (begun === undefined) return false;
    await begun.ended;
    const left = this.#leave(begun);
    return this.#write([begun], left);
  }

  async #recordAhead(): Promise<boolean> {
    const ahead = this.#ahead;
    this.#ahead = [];
    const batches = ahead.filter((begun) => begun !== undefined);
    if (batches.length < ahead.length) return false;
    this.#writing = batches;
    const left: KeyQueue[] = [];
    const kept: Begun[] = [];
    for (const begun of batches) {
      await begun.ended;
      // A batch before it may have set keys aside since it began: what follows for them is set aside too, and comes again.
      const page = this.#divide(begun.page);
      const isKept = ({ key }: KeyQueue) => page.from === page.to || !this.#run.parking().isParked(key);
      const ofBatch = { ...begun, page, queues: begun.queues.filter(isKept) };
      left.push(...this.#leave(ofBatch));
      kept.push(ofBatch);
    }
    const written = await this.#write(kept, left);
    this.#writing = [];
    return written;
  }

  #divide(page: SubscriptionPage): SubscriptionPage {
    return page.from < page.to ? this.#run.parking().divide(page) : page;
  }

  /** @returns undefined when the batch may not begin; otherwise when the next one may */
  async #begin(page: SubscriptionPage): Promise<Begun | undefined> {
    // A former owner, or an older version, must not begin what the next one does, nor a slice what others will do.
    if (page.events.length > 0 && !(await this.#mayProcess(page.to))) return undefined;
    const queues = toKeyQueues(page.events, (event) => storedKey(this.#effect.keyOf(event)));
    const began = performance.now();
    const before = [...this.#writing, ...this.#ahead].flatMap((begun) => begun?.queues ?? []);
    let goOn = () => {};
    const goesOn = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    const ended = this.#effect.process(queues, {
      term: this.#term,
      signal: this.#run.signal,
      lineage: this.#term.lineage ?? '',
      before,
      goOn,
      isLate: () => this.#run.signal.aborted || performance.now() - began > BATCH_MS,
      attemptOf: ({ key }, { position }) => {
        const failed = page.failedBefore?.get(key);
        return failed?.position === position ? failed.attempts + 1 : 1;
      },
      mayProcess: () => this.#mayProcess(page.to),
    });
    ended.catch(() => {}); // thrown here, or where it is recorded
    await Promise.race([goesOn, ended]);
    return { page, queues, ended };
  }

  async #mayProcess(to: number): Promise<boolean> {
    const { store } = this.#options;
    const slices = await store.loops.background.during(() => readCheckpoints(store, [this.#term]));
    const checkpoint = slices.find(({ slice }) => slice === this.#term.slice);
    return isHeld(this.#term, checkpoint) && to <= (checkpoint?.until ?? to);
  }

  /** Sets aside what is not processed. @returns the queues that it is left in */
  #leave({ page, queues }: Begun): readonly KeyQueue[] {
    const left = queues.filter(({ events, done }) => done < events.length);
    this.#record(page, left);
    return left;
  }

  /** Moves the checkpoint past batches that follow each other. */
  async #write(batches: readonly Begun[], left: readonly KeyQueue[]): Promise<boolean> {
    const { store } = this.#options;
    const { from } = batches[0]!.page;
    const { to } = batches.at(-1)!.page;
    const step = { lease: this.#term, from, to };
    const queues = batches.flatMap((begun) => begun.queues);
    const record = this.#effect.recordOf?.(queues);
    const advance = () => advanceCheckpoint(store.dbUntil(this.#term.signal), store.schema, step, record);
    const written = await store.loops.background.during(advance);
    if (!written) return false;
    this.#effect.recorded?.(queues);
    this.#tell(left);
    return true;
  }

  #record({ from, to }: SubscriptionPage, left: readonly KeyQueue[]): void {
    const parking = this.#run.parking();
    const failures = left.map((queue) => this.#failureOf(queue));
    if (from < to) {
      const places = left.flatMap((queue) =>
        unprocessed(queue).map((position): ParkedPlace => ({ key: queue.key, position })),
      );
      if (places.length > 0) parking.setAside(to, places, failures);
      return;
    }
    if (left.length === 0) return;
    const { resumed, freed } = parking.resumedAt(to);
    const open = new Set(
      left.flatMap((queue) => unprocessed(queue).map((position) => `${position} ${queue.key}`)),
    );
    const openKeys = new Set(left.map(({ key }) => key));
    parking.resumeOnly(
      to,
      resumed.filter(({ key, position }) => !open.has(`${position} ${key}`)),
      freed.filter((key) => !openKeys.has(key)),
      failures,
    );
  }

  #failureOf(queue: KeyQueue): Failure {
    return toFailure(queue.key, { ...this.#failedEvent(queue), retryMs: this.#retryMs(queue) });
  }

  #failedEvent({ events, done, failure }: KeyQueue): FailedEvent {
    const { release } = this.#options;
    const event = events[done]!;
    const { cause, attempts } = failure ?? { cause: 'waits for its turn', attempts: 0 };
    return { event, cause, release, attempts };
  }

  /** @returns undefined when the key is parked: it is not tried again by itself */
  #retryMs({ failure }: KeyQueue): number | undefined {
    const { retry, onFailure } = this.#effect;
    if (failure === undefined) return 0;
    if (failure.attempts < retry.attempts)
      return retryDelayMs(retry, failure.attempts, 0.5 + Math.random() / 2);
    // A subscription that stopped tries the event once it runs again.
    return onFailure === 'park' ? undefined : 0;
  }

  /** @throws StopRequest when the subscription is to stop */
  #tell(left: readonly KeyQueue[]): void {
    const { retry, onFailure } = this.#effect;
    const exhausted: KeyQueue[] = [];
    for (const queue of left) {
      const { failure } = queue;
      if (failure === undefined) continue;
      if (failure.attempts >= retry.attempts) exhausted.push(queue);
      else this.#options.onRetry(failure.cause, this.#term.slice);
    }
    const [first] = exhausted;
    if (first === undefined) return;
    const { event, cause }: { event: RecordedEvent; cause: unknown } = this.#failedEvent(first);
    if (onFailure === 'stop') throw new StopRequest(event, cause);
    // Those of this batch are parked.
    if (this.#run.parking().isFull) throw new StopRequest(event, cause);
    for (const queue of exhausted)
      this.#options.onParked(this.#failedEvent(queue), queue.key, this.#term.slice);
  }
}
