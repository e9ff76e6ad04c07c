import { type AnyReaction, type RecordedEvent, retryDelayMs } from '@leftfold/core';
import { readable } from '@leftfold/core/input';
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
import { callHandler, type ExecuteCommand } from './call-handler.ts';
import { eachQueue, type KeyQueue, toKeyQueues, unprocessed } from './key-queues.ts';

/** A batch begins no event after as many milliseconds: what is left of it is set aside, and processed soon. */
const BATCH_MS = 1_000;

export interface ReactionHandlerOptions {
  readonly store: PostgresEventStore;
  readonly execute: ExecuteCommand;
  readonly release: string;
  /** Called for each attempt that failed and is followed by another. */
  readonly onRetry: (cause: unknown, slice: number) => void;
  /** Called for each event whose key is parked. */
  readonly onParked: (failed: FailedEvent, key: string, slice: number) => void;
}

/**
 * Calls the handlers of a reaction for the events of a batch: those of one key in order, keys side by side.
 *
 * The checkpoint moves past the whole batch. Events that are not processed are set aside with it: of keys that failed,
 * until the next attempt; and of keys that were not reached in time, or not before the runner stopped, until now. So no
 * key waits for another one that fails, and a crash repeats the events of one batch at most.
 */
export class ReactionHandler implements SubscriptionHandler {
  readonly #reaction: AnyReaction;
  readonly #options: ReactionHandlerOptions;
  readonly #term: LeaseTerm;
  readonly #run: HandlerRun;

  constructor(reaction: AnyReaction, options: ReactionHandlerOptions, term: LeaseTerm, run: HandlerRun) {
    this.#reaction = reaction;
    this.#options = options;
    this.#term = term;
    this.#run = run;
  }

  async prepare(page: SubscriptionPage): Promise<PreparedBatch> {
    const { to, events } = page;
    return { to, eventCount: storedCountOf(events), grows: false, write: () => this.#write(page) };
  }

  async #write(prepared: SubscriptionPage): Promise<boolean> {
    const { store } = this.#options;
    const { from, to } = prepared;
    // The batch before this one may have set keys aside since this one was prepared.
    const page = from < to ? this.#run.parking().divide(prepared) : prepared;
    // A former owner, or an older version, must not begin what the next one does, nor a slice what others will do.
    if (page.events.length > 0 && !(await this.#mayProcess(to))) return false;
    const queues = toKeyQueues(page.events, (event) => storedKey(this.#reaction.keyOf(event)));
    const began = performance.now();
    const isLate = () => this.#run.signal.aborted || performance.now() - began > BATCH_MS;
    await eachQueue(queues, this.#reaction.concurrency, (queue) => this.#process(queue, page, isLate));
    const left = queues.filter(({ events, done }) => done < events.length);
    this.#record(page, left);
    const step = { lease: this.#term, from, to };
    const advance = () => advanceCheckpoint(store.dbUntil(this.#term.signal), store.schema, step);
    const written = await store.background.during(advance);
    if (written) this.#tell(left);
    return written;
  }

  async #mayProcess(to: number): Promise<boolean> {
    const { store } = this.#options;
    const slices = await store.background.during(() => readCheckpoints(store, [this.#term]));
    const checkpoint = slices.find(({ slice }) => slice === this.#term.slice);
    return isHeld(this.#term, checkpoint) && to <= (checkpoint?.until ?? to);
  }

  async #process(queue: KeyQueue, { failedBefore }: SubscriptionPage, isLate: () => boolean): Promise<void> {
    const before = failedBefore?.get(queue.key);
    for (const event of queue.events) {
      // The first ones begin in any case, so that each batch gets on.
      if (this.#run.signal.aborted || (isLate() && queue.done > 0)) return;
      const attempt = before?.position === event.position ? before.attempts + 1 : 1;
      try {
        await callHandler(this.#reaction, this.#options.execute, {
          event,
          attempt,
          signal: this.#run.signal,
        });
        queue.done += 1;
      } catch (cause) {
        // What was ended with the term is not the event's fault.
        if (!this.#run.signal.aborted) queue.failure = { cause: readable(cause), attempts: attempt };
        return;
      }
    }
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
    const { retry, onFailure } = this.#reaction;
    if (failure === undefined) return 0;
    if (failure.attempts < retry.attempts)
      return retryDelayMs(retry, failure.attempts, 0.5 + Math.random() / 2);
    // A subscription that stopped tries the event once it runs again.
    return onFailure === 'park' ? undefined : 0;
  }

  /** @throws StopRequest when the reaction is to stop */
  #tell(left: readonly KeyQueue[]): void {
    const { retry, onFailure } = this.#reaction;
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
