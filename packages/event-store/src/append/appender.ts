import {
  type AppendToStreamsResult,
  type AppendContext,
  type AppendLock,
  asStored,
  type EventCatalog,
  InFlight,
  type InFlightLimits,
  StoreUnavailableError,
  type StreamToAppend,
} from '@leftfold/core';
import { type AppendLimits, type AppendRequest, prepareRequest } from '@leftfold/core/append';
import {
  assertTransaction,
  type CallerTransaction,
  runnerInTransaction,
  type StatementRunner,
  toLeftfoldError,
  Slots,
} from '@leftfold/postgres';
import type { HighWaterWatch } from '../high-water/high-water-watch.ts';
import type { LogReader } from '../read/log-reader.ts';
import type { StoredEvent } from '../read/read-every.ts';
import { AppendStatements } from '../sql/append.ts';
import type { LogMemory } from '../lineage/log-memory.ts';
import type { AppendOutcome } from '../sql/append-outcome.ts';
import { sendInEra, type SendInLineage, withLineage } from './append-lineage.ts';
import { toAppendResult } from './append-result.ts';
import { GroupCommit } from './group-commit.ts';
import { InlineDemotion } from './inline-demotion.ts';
import { appendWithHook, applyInTransaction, type InlineHook, type RunTransaction } from './inline-append.ts';
import { LockedAppends } from './locked-appends.ts';
import { appendBatch, sendBatch } from './send-batch.ts';
import type { SendBatch } from './queued-request.ts';
import { tracedAppend, tracedAppendBatch } from './traced-append.ts';
import { waitLimitOf } from './wait-limit.ts';

export interface AppenderOptions {
  readonly run: StatementRunner;
  /** For an append with an inline hook. */
  readonly transact: RunTransaction;
  readonly schema: string;
  readonly catalog: EventCatalog;
  readonly reader: LogReader;
  readonly watch: HighWaterWatch;
  readonly memory: LogMemory;
  readonly limits: AppendLimits;
  readonly concurrency: number;
  /** Connections of the pool beyond those of two queues and one for readers: for appends that are slow or blocked. */
  readonly spare: number;
  /** Longest wait for other transactions, in milliseconds. */
  readonly answerMs: number;
  readonly inline: InlineHook | undefined;
  readonly onCommitted: () => void;
  readonly onDemoted: () => void;
}

/** Requests of one batch. Larger batches gain little throughput and add latency. */
const MAX_REQUESTS = 500;
const MAX_EVENTS = 2_000;
const MAX_SIZE = 4 * 1024 * 1024;

/** Appends that wait or are in flight, and the estimated bytes that they take in memory. */
const IN_FLIGHT_LIMITS: InFlightLimits = { what: 'appends', count: 50_000, memory: 128 * 1024 * 1024 };

/** Appends in one of three ways: with others in one commit, with an inline hook, or in the caller's transaction. */
export class Appender {
  readonly #options: AppenderOptions;
  readonly #statements: AppendStatements;
  readonly #together: GroupCommit;
  readonly #withHook: GroupCommit;
  readonly #inFlight = new InFlight(IN_FLIGHT_LIMITS);
  readonly #demotion: InlineDemotion;
  readonly #locked: LockedAppends;

  constructor(options: AppenderOptions) {
    const inline = options.inline === undefined ? undefined : givenAsStored(options.inline);
    const onCommitted = () => {
      options.watch.nudge();
      options.onCommitted();
    };
    this.#options = { ...options, inline, onCommitted };
    const { run, transact, schema, reader, watch, memory, concurrency, spare, answerMs } = options;
    this.#demotion = new InlineDemotion(run, schema, options.onDemoted);
    const statements = new AppendStatements(schema);
    this.#statements = statements;
    const inEra = (send: SendInLineage): SendBatch =>
      sendInEra(memory, (requests, sendOptions) =>
        tracedAppendBatch(schema, requests, () => send(requests, sendOptions)),
      );
    // Without a spare one, appends that are blocked share the connections of the others.
    const blocked = Math.max(1, Math.ceil(spare / 2));
    this.#locked = new LockedAppends({
      transact,
      statements,
      reader,
      watch,
      memory,
      answerMs,
      slots: new Slots(blocked),
      inFlight: this.#inFlight,
      prepare: (appends, context) => this.#prepare(appends, context),
      hookOf: (request) => (this.#hooked(request) ? inline : undefined),
      append: (request) => this.#appendQueued(request),
      onCommitted,
    });
    const limits = {
      concurrency,
      slow: new Slots(Math.max(0, spare - blocked)),
      blocked: new Slots(blocked),
      waitLimit: () => waitLimitOf(run, answerMs),
    };
    const batch = { maxEvents: MAX_EVENTS, maxSize: MAX_SIZE };
    this.#together = new GroupCommit({
      ...limits,
      batch: { ...batch, maxRequests: MAX_REQUESTS },
      send: inEra((requests, sendOptions) => sendBatch(run, statements, requests, sendOptions)),
    });
    // A hook that throws must fail only its own append, so each append has its own transaction.
    this.#withHook = new GroupCommit({
      ...limits,
      batch: { ...batch, maxRequests: 1 },
      send: inEra((requests, sendOptions) =>
        Promise.all(
          requests.map((request) => appendWithHook(transact, statements, request, inline, sendOptions)),
        ),
      ),
    });
  }

  /** @throws StoreUnavailableError when too many appends wait; this one was not sent */
  async append(
    appends: readonly StreamToAppend[],
    context: AppendContext,
    transaction: CallerTransaction | undefined,
  ): Promise<AppendToStreamsResult> {
    const { schema } = this.#options;
    if (transaction !== undefined) assertTransaction('transaction', transaction);
    const request = this.#prepare(appends, context);
    const append = () =>
      transaction === undefined ? this.#appendQueued(request) : this.#appendIn(transaction, request);
    return tracedAppend(schema, request, () => this.#inFlight.run(append, request.memory));
  }

  /** @throws StoreUnavailableError when others hold the locks for too long */
  lock(appends: readonly StreamToAppend[], context: AppendContext): Promise<AppendLock> {
    return this.#locked.lock(appends, context);
  }

  async #appendQueued(request: AppendRequest): Promise<AppendToStreamsResult> {
    const hooked = this.#hooked(request);
    const queue = hooked ? this.#withHook : this.#together;
    const applied = this.#appliedTo(hooked);
    const { memory, onCommitted } = this.#options;
    if (memory.lineage === undefined) await memory.learn();
    const outcome = await withLineage(memory, request, (inEra) =>
      this.#demotion.untilApplied(inEra, applied, () => queue.submit(inEra)),
    );
    if (outcome.kind === 'duplicate') return this.#toDuplicate(request);
    const result = toAppendResult(request, outcome, []);
    if (request.eventCount > 0) onCommitted();
    return result;
  }

  #prepare(appends: readonly StreamToAppend[], context: AppendContext): AppendRequest {
    const { catalog, limits } = this.#options;
    // Before the text of the events is made, which is kept until the caller's own work ends.
    this.#inFlight.assertRoom();
    return prepareRequest({ catalog, limits, now: Date.now() }, appends, context);
  }

  /** Resolves when no append waits or is in flight. */
  async drained(): Promise<void> {
    await this.#inFlight.idle();
  }

  #appliedTo(hooked: boolean): readonly string[] {
    return (hooked ? this.#options.inline?.applies : undefined) ?? [];
  }

  #hooked({ streams }: AppendRequest): boolean {
    const types = this.#options.inline?.eventTypes;
    if (types === undefined) return false;
    return streams.some(({ events }) => events.some(({ type }) => types.has(type)));
  }

  async #appendIn(transaction: CallerTransaction, request: AppendRequest): Promise<AppendToStreamsResult> {
    const { schema, memory } = this.#options;
    const run = runnerInTransaction(transaction);
    const hooked = this.#hooked(request);
    const append = async (): Promise<AppendOutcome> => {
      try {
        const appliedInline = this.#appliedTo(hooked);
        const options = { checkEventIds: true, inTransaction: true, lineage: memory.lineage, appliedInline };
        const [outcome] = await appendBatch(run, this.#statements, [request], options);
        return outcome!;
      } catch (error) {
        throw toLeftfoldError(error, schema);
      }
    };
    const outcome = await withLineage(memory, request, append, run);
    const result =
      outcome.kind === 'duplicate'
        ? await this.#toDuplicate(request, run)
        : toAppendResult(request, outcome, []);
    const { inline } = this.#options;
    if (inline !== undefined && !result.duplicate && hooked) {
      const events = result.streams.flatMap((stream) => stream.events);
      await applyInTransaction(transaction, inline, events);
    }
    return result;
  }

  /** @param run runs in the caller's transaction, which may hold the first append */
  async #toDuplicate(request: AppendRequest, run?: StatementRunner): Promise<AppendToStreamsResult> {
    const recorded = await this.#recorded(request, run);
    if (recorded.length === 0 && request.eventCount > 0) throw new StoreUnavailableError(GONE);
    return toAppendResult(request, { kind: 'duplicate' }, recorded);
  }

  async #recorded(
    { commandId, streams }: AppendRequest,
    run?: StatementRunner,
  ): Promise<readonly StoredEvent[]> {
    const { reader } = this.#options;
    if (commandId !== undefined) return reader.ofCommand(commandId, run);
    return reader.byIds(
      streams.flatMap(({ events }) => events.map(({ id }) => id)),
      run,
    );
  }
}

/** The append found its events, and the read that followed did not. */
const GONE =
  'the log went back while a repeated append was answered: its events are not there any more; make the append again';

/** The same hook, called with events as a reader of the log gets them: it must write what a rebuild writes. */
function givenAsStored(hook: InlineHook): InlineHook {
  return {
    ...hook,
    apply: (transaction, events) =>
      hook.apply(
        transaction,
        events.map((event) => ({
          ...event,
          data: asStored(event.data),
          metadata: asStored(event.metadata),
          recordedAt: new Date(event.recordedAt),
        })),
      ),
  };
}
