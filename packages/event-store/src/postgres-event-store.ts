import {
  type AppendContext,
  type AppendLock,
  type AppendToStreamsResult,
  type AppendOptions,
  type AppendResult,
  ClosedError,
  type DecisionQueries,
  type DecisionRead,
  EventCatalog,
  type EventStore,
  type LoadedSnapshot,
  type NewEvent,
  type ReadAllOptions,
  type ReadForDecisionOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type Snapshot,
  type SnapshotStore,
  type StreamEvents,
  type StreamToAppend,
  type SubscribeOptions,
  type Subscription,
} from '@leftfold/core';
import { appendLimits, assertAppendContext, assertAppendOptions } from '@leftfold/core/append';
import {
  applyMigrations,
  kyselyOn,
  Notifier,
  type OpenedPool,
  openPool,
  OutagePause,
  type PipelinedTransaction,
  LoopSlots,
  StatementNames,
  type StatementRunner,
  type TransactionOptions,
} from '@leftfold/postgres';
import type { Kysely } from 'kysely';
import type pg from 'pg';
import { firstStream } from './append/append-result.ts';
import { Appender } from './append/appender.ts';
import type { InlineHook } from './append/inline-append.ts';
import {
  assertStoreOptions,
  contextNames,
  type EventStoreOptions,
  type PostgresAppendContext,
} from './event-store-options.ts';
import { LogMemory } from './lineage/log-memory.ts';
import type { LogPage } from './read/log-page.ts';
import { readForDecision } from './read/decision-read.ts';
import { readLog } from './read/log-read.ts';
import { LogReader, type ReadPageOptions } from './read/log-reader.ts';
import {
  HighWaterWatch,
  type LogPlace,
  type WaitForHighWaterMarkOptions,
} from './high-water/high-water-watch.ts';
import { appendChannel, DEMOTED_TOPIC } from './high-water/append-channel.ts';
import { functions, migrations } from './sql/migrations.generated.ts';
import { markRestoredStatement } from './sql/lineage.ts';
import { sendStatement } from './sql/send-statement.ts';
import { saveSnapshotStatement } from './sql/snapshots.ts';
import { LogSubscription } from './subscribe/log-subscription.ts';

/** An append-only log on Postgres. Close it, or declare it with `await using`. */
export class PostgresEventStore<TEvent extends RecordedEvent = RecordedEvent>
  implements EventStore<TEvent>, SnapshotStore, AsyncDisposable
{
  readonly schema: string;
  /** For queries and for transactions to append in. int8 values are numbers, `date` values are text. */
  readonly db: Kysely<unknown>;
  /** Runs a statement on a connection of the pool: for packages that keep tables of their own in the store's schema. */
  readonly run: StatementRunner;
  /** The hook that runs in the transactions of this store's appends. */
  readonly inline: InlineHook | undefined;
  readonly preparedStatements: boolean;
  /** Pauses of readers while the database cannot be reached. They end when LISTEN is possible again. */
  readonly outage = new OutagePause();
  /** Milliseconds within which a statement must be answered. */
  readonly answerMs: number;
  /** @internal Breaks off the connections of its own pool. On the caller's, the next statement of each call fails. */
  readonly breakOff: () => void;
  /** @internal The connections that all subscriptions share. */
  readonly loops: LoopSlots;
  /** @internal Tells other processes of something rare. Without the option `listen`, nothing is heard. */
  readonly hints: Pick<Notifier, 'hear' | 'tell'>;
  readonly #opened: OpenedPool;
  readonly #names: StatementNames | undefined;
  readonly #reader: LogReader;
  readonly #memory: LogMemory;
  readonly #watch: HighWaterWatch;
  readonly #notifier: Notifier;
  readonly #appender: Appender;
  readonly #closed = new AbortController();
  #closing: Promise<void> | undefined;

  constructor(options: EventStoreOptions) {
    assertStoreOptions(options);
    const { schema = 'leftfold', preparedStatements = true, listen = true } = options;
    const { answerTimeoutMs: answerMs = 30_000, validateOnRead: validate = false } = options;
    const { pool } = (this.#opened = openPool(options));
    const size = pool.options.max ?? 10;
    const concurrency = Math.min(options.appendConcurrency ?? 2, size);
    this.schema = schema;
    this.loops = new LoopSlots(size);
    this.breakOff = () => this.#opened.breakOff();
    this.preparedStatements = preparedStatements;
    this.#names = preparedStatements ? new StatementNames() : undefined;
    this.db = kyselyOn<unknown>(pool, this.#names);
    this.inline = options.inline;
    this.answerMs = answerMs;
    this.run = this.#opened.runner({ prepare: preparedStatements, answerMs });
    const onConnected = () => this.outage.over();
    this.hints = this.#notifier = new Notifier({ pool, channel: appendChannel(schema), listen, onConnected });
    this.#memory = new LogMemory({
      run: this.run,
      schema,
      onRewound: (error) => {
        process.emitWarning(error);
        this.#watch.nudge();
      },
    });
    this.#watch = new HighWaterWatch(this.run, schema, this.#notifier, this.#memory);
    const log = { run: this.run, schema, catalog: new EventCatalog(options.events), memory: this.#memory };
    this.#reader = new LogReader({ ...log, validate, assertOpen: () => this.#assertOpen() });
    this.#appender = new Appender({
      ...log,
      // While the store closes, it waits for these.
      transact: (work, hookOptions) =>
        this.#opened.inTransaction(this.#names, work, { ...hookOptions, answerMs, everyStatement: true }),
      reader: this.#reader,
      watch: this.#watch,
      limits: appendLimits(options.limits),
      concurrency,
      spare: Math.max(0, size - 2 * concurrency - 1),
      answerMs,
      inline: options.inline,
      onCommitted: () => this.#notifier.notify(),
      onDemoted: () => void this.#notifier.tell(DEMOTED_TOPIC, ''),
    });
  }

  /** The connections. Not a field of the object: whoever prints the store does not print the connection string. */
  get pool(): pg.Pool {
    return this.#opened.pool;
  }

  /**
   * Brings the schema up to date. Any number of processes may call it at once.
   *
   * @throws SchemaMismatchError when a newer release has migrated it.
   * @throws ServerTooOldError, or MissingRightsError when the role may not create tables.
   * @throws LoginRefusedError, StoreUnavailableError when there is no connection.
   */
  async migrate(): Promise<void> {
    this.#assertOpen();
    const { pool, schema, answerMs } = this;
    await applyMigrations(pool, { schema, component: 'event-store', migrations, functions, answerMs });
  }

  get era(): number {
    return this.#memory.era;
  }
  /** The highest position that this store has seen committed: not below its own appends. 0 before the first. */
  get newestSeen(): number {
    return this.#memory.newestSeen;
  }
  /** The lineage that the log had when it was last checked, for what is written together with a read of this era. */
  get lineage(): string | undefined {
    return this.#memory.lineage;
  }

  /** To be called once after a restore, before any process appends: those that remember later events then notice. */
  async markRestored(): Promise<void> {
    await sendStatement(this.run, this.schema, markRestoredStatement(this.schema));
  }

  async append(
    streamId: string,
    events: readonly NewEvent[],
    options: AppendOptions<TEvent['type']> & PostgresAppendContext<TEvent['type']> = {},
  ): Promise<AppendResult> {
    this.#assertOpen();
    assertAppendOptions(options, contextNames);
    const appends = [{ streamId, events, expectedVersion: options.expectedVersion }];
    return firstStream(this.#appender.append(appends, options, options.transaction));
  }

  async appendToStreams(
    appends: readonly StreamToAppend[],
    options: PostgresAppendContext<TEvent['type']> = {},
  ): Promise<AppendToStreamsResult> {
    this.#assertOpen();
    assertAppendContext(options, contextNames);
    return this.#appender.append(appends, options, options.transaction);
  }

  readStream(streamId: string, options: ReadStreamOptions = {}): StreamEvents<TEvent> {
    // Sound, here and below: the catalog of the definitions refuses or skips every other event.
    return this.#reader.stream(streamId, options) as StreamEvents<TEvent>;
  }

  readAll(options: ReadAllOptions<TEvent['type']> = {}): AsyncIterable<TEvent> {
    return readLog(this.#reader, options, (after) => this.#watch.now({ after })) as AsyncIterable<TEvent>;
  }

  async readForDecision(
    queries: DecisionQueries<TEvent['type']>,
    options: ReadForDecisionOptions = {},
  ): Promise<DecisionRead<TEvent>> {
    this.#assertOpen();
    return readForDecision(this.#reader, this.#watch, queries, options) as Promise<DecisionRead<TEvent>>;
  }

  async lockForAppend(
    appends: readonly StreamToAppend[],
    context: AppendContext<TEvent['type']> = {},
  ): Promise<AppendLock<TEvent>> {
    this.#assertOpen();
    assertAppendContext(context);
    return this.#appender.lock(appends, context) as Promise<AppendLock<TEvent>>;
  }

  subscribe(options: SubscribeOptions<TEvent['type']> = {}): Subscription<TEvent> {
    const ends = { era: this.#memory.era, closed: this.#closed.signal };
    return new LogSubscription(this.#reader, this.#watch, this.outage, options, ends) as Subscription<TEvent>;
  }

  /** @throws LogRewoundError when the log ends before `from.after`, or has gone back since `from.era` */
  async highWaterMark(from?: LogPlace): Promise<number> {
    this.#assertOpen();
    return this.#watch.now(from);
  }

  /** Resolves as soon as the high-water mark is above `after`. One watch serves all waiters of a process. */
  async waitForHighWaterMark(options: WaitForHighWaterMarkOptions): Promise<number> {
    this.#assertOpen();
    return this.#watch.waitFor(options);
  }

  /**
   * Runs work in a read committed transaction, which an error of the work rolls back, and the server when it is idle for
   * five seconds, or for `idleMs`. See {@link PipelinedTransaction.send}.
   */
  async inTransaction<TResult>(
    work: (transaction: PipelinedTransaction) => Promise<TResult>,
    options?: TransactionOptions,
  ): Promise<TResult> {
    this.#assertOpen();
    return this.#opened.inTransaction(this.#names, work, { answerMs: this.answerMs, ...options });
  }

  /** Like `db`; its statements and their connections end when the signal aborts, and fail with its reason. */
  dbUntil(signal: AbortSignal): Kysely<unknown> {
    return kyselyOn<unknown>(this.pool, this.#names, signal);
  }

  /** One page of the log. `upTo` must not be above the high-water mark. */
  readPage(options: ReadPageOptions): Promise<LogPage> {
    return this.#reader.page({ ...options, shared: this.#watch.isSharedMark(options.upTo) });
  }

  async eventsOfCommand(commandId: string): Promise<readonly TEvent[]> {
    this.#assertOpen();
    const stored = await this.#reader.ofCommand(commandId);
    return stored.flatMap(({ events }) => events as readonly TEvent[]);
  }

  async loadSnapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined> {
    return this.#reader.snapshot(streamId, key);
  }

  async saveSnapshot(streamId: string, key: string, snapshot: Snapshot): Promise<void> {
    this.#assertOpen();
    await sendStatement(this.run, this.schema, saveSnapshotStatement(this.schema, streamId, key, snapshot));
  }

  /** Waits up to `answerTimeoutMs` for appends in flight; ends subscriptions, and the pool if the store created it. */
  close(): Promise<void> {
    this.#closed.abort();
    const work = [() => this.#appender.drained(), () => this.#notifier.close()];
    return (this.#closing ??= this.#opened.end(this.answerMs, work));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** True from the call of `close()` on, or once the caller has ended the pool: every other call then throws ClosedError. */
  get closed(): boolean {
    return this.#closing !== undefined || this.pool.ending;
  }

  /** @throws ClosedError */
  #assertOpen(): void {
    if (this.closed) throw new ClosedError('the event store');
  }
}
