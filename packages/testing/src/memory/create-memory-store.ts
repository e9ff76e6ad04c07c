import {
  type AnyEventGroup,
  type AppendLimits,
  type AppendToStreamsResult,
  type AppendContext,
  type AppendOptions,
  type AppendResult,
  asStored,
  assertId,
  ClosedError,
  type DecisionQueries,
  type DecisionQuery,
  type DecisionRead,
  EventCatalog,
  InvalidArgumentError,
  type EventQuery,
  type EventMetadata,
  type EventStore,
  type JsonValue,
  type NewEvent,
  type ReadAllOptions,
  type ReadForDecisionOptions,
  type ReadStreamOptions,
  type RecordedEvent,
  type StoredPlace,
  type StreamEvents,
  type StreamToAppend,
  type SubscribeOptions,
  type Subscription,
} from '@leftfold/core';
import {
  appendLimits,
  assertAppendContext,
  assertAppendOptions,
  assertReadAllOptions,
  assertReadForDecisionOptions,
  assertReadStreamOptions,
  assertSubscribeOptions,
  listOf,
  matchesQuery,
  prepareDecision,
  prepareRequest,
} from '@leftfold/core/append';
import { assertFunction, assertGiven, type OptionNames, placeAfter } from '@leftfold/core/input';
import { isAfter, type MemoryAppend, MemoryLog, type StoredEvent } from './memory-log.ts';
import { MemorySubscription } from './memory-subscription.ts';

/** Options of {@link createMemoryStore}. */
export interface MemoryStoreOptions {
  /** The events that the store can write and read. */
  readonly events: readonly AnyEventGroup[];
  /** The log. Stores with the same log see the same events. @default a new log */
  readonly log?: MemoryLog;
  /** @default 1 MiB per event; 10,000 events and 32 MiB per append, as in the store on Postgres */
  readonly limits?: Partial<AppendLimits>;
  /** The clock for `recordedAt` and event ids. @default the system clock */
  readonly now?: () => Date;
}

/**
 * Creates an event store in memory, for tests without a database.
 *
 * It fulfils the contract of every event store and refuses the same input as the store on Postgres. It keeps every event
 * in memory, as text, without a limit; they are lost when the process ends.
 *
 * @throws InvalidArgumentError when an option is misspelt, or has a value that it does not take
 *
 * @example
 * ```ts
 * const store = createMemoryStore({ events: [accountEvents] });
 * await store.append('account-1', [accountEvents.create.opened({ owner: 'Ada' })]);
 * ```
 */
export function createMemoryStore(options: MemoryStoreOptions): EventStore & AsyncDisposable {
  assertGiven('options', options, optionNames);
  assertFunction('now', options.now);
  if (options.log !== undefined && !(options.log instanceof MemoryLog))
    throw InvalidArgumentError.not('a MemoryLog', 'log', options.log);
  return new MemoryEventStore(options);
}

const optionNames: OptionNames<MemoryStoreOptions> = { events: true, log: true, limits: true, now: true };

type UnknownEvents = 'fail' | 'skip' | undefined;

class MemoryEventStore implements EventStore, AsyncDisposable {
  /** A log in memory never goes back. */
  readonly era = 0;
  readonly #catalog: EventCatalog;
  readonly #log: MemoryLog;
  readonly #limits: AppendLimits;
  readonly #now: () => Date;
  readonly #closed = new AbortController();

  constructor({ events, log = new MemoryLog(), limits, now = () => new Date() }: MemoryStoreOptions) {
    this.#limits = appendLimits(limits);
    this.#catalog = new EventCatalog(events);
    this.#log = log;
    this.#now = now;
  }

  async append(
    streamId: string,
    events: readonly NewEvent[],
    options: AppendOptions = {},
  ): Promise<AppendResult> {
    this.#assertOpen();
    assertAppendOptions(options);
    const { expectedVersion, ...context } = options;
    const { streams } = await this.#append([{ streamId, events, expectedVersion }], context);
    return streams[0]!;
  }

  async appendToStreams(
    appends: readonly StreamToAppend[],
    context: AppendContext = {},
  ): Promise<AppendToStreamsResult> {
    this.#assertOpen();
    assertAppendContext(context);
    return this.#append(appends, context);
  }

  async #append(appends: readonly StreamToAppend[], context: AppendContext): Promise<AppendToStreamsResult> {
    const recordedAt = this.#now();
    const prepare = { catalog: this.#catalog, limits: this.#limits, now: recordedAt.getTime() };
    // Synchronous, so that appends are made in the order of the calls. The result comes later, as from a database.
    const appended = this.#log.append(prepareRequest(prepare, appends, context), recordedAt);
    await Promise.resolve();
    return this.#toResult(appended);
  }

  readStream(streamId: string, options: ReadStreamOptions = {}): StreamEvents {
    let last: StoredPlace | undefined;
    const events = this.#readStream(streamId, options, (stored) => {
      last = stored;
    });
    return {
      get last() {
        if (last === undefined) return undefined;
        const { streamVersion, position, id } = last;
        return { streamVersion, position, id };
      },
      [Symbol.asyncIterator]: () => events,
    };
  }

  async *#readStream(
    streamId: string,
    options: ReadStreamOptions,
    onStored: (stored: StoredEvent) => void,
  ): AsyncGenerator<RecordedEvent, void, undefined> {
    this.#assertOpen();
    assertId('stream id', streamId);
    assertReadStreamOptions(options);
    const {
      from = 1,
      to = Number.MAX_SAFE_INTEGER,
      backwards = false,
      untilPosition,
      untilTime,
      signal,
    } = options;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    const stream = this.#log.eventsOf(streamId);
    const late = untilTime === undefined ? -1 : stream.findIndex(({ recordedAt }) => recordedAt > untilTime);
    const range = stream
      .slice(0, late === -1 ? stream.length : late)
      .filter(({ streamVersion }) => streamVersion >= from && streamVersion <= to)
      .filter(({ position }) => position <= (untilPosition ?? position));
    for (const stored of backwards ? range.toReversed() : range) {
      if (left <= 0 || signal?.aborted === true) return;
      const events = this.#toRecorded(stored, options.unknownEvents);
      onStored(stored);
      left -= events.length;
      yield* events;
    }
  }

  async *readAll(options: ReadAllOptions = {}): AsyncGenerator<RecordedEvent, void, undefined> {
    this.#assertOpen();
    assertReadAllOptions(options, this.#catalog);
    const { filter = {}, untilPosition = Number.POSITIVE_INFINITY, unknownEvents, signal } = options;
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    const place = placeAfter('after', options.after);
    const range = this.#log.readAfter(place).filter(({ position }) => position <= untilPosition);
    for (const stored of options.backwards === true ? range.toReversed() : range) {
      if (left <= 0 || signal?.aborted === true) return;
      const events = this.#matching(stored, listOf(filter), unknownEvents).filter(isAfter(place));
      left -= events.length;
      yield* events;
    }
  }

  async readForDecision(given: DecisionQueries, options: ReadForDecisionOptions = {}): Promise<DecisionRead> {
    this.#assertOpen();
    assertReadForDecisionOptions(options);
    const queries = prepareDecision(given, this.#catalog);
    await Promise.resolve();
    const after = this.#log.position;
    const events = { [Symbol.asyncIterator]: () => this.#matches(queries, after, options) };
    const failIfMatch = queries.map(({ types, category, tags }) => ({ types, category, tags }));
    return { events, condition: { failIfMatch, after }, era: this.era };
  }

  async *#matches(
    queries: readonly DecisionQuery[],
    upTo: number,
    { after = 0, unknownEvents }: ReadForDecisionOptions,
  ): AsyncGenerator<RecordedEvent, void, undefined> {
    const log = this.#log.eventsAfter(0).slice(0, upTo);
    const lasts = new Map<EventQuery, StoredEvent | undefined>();
    for (const query of queries)
      if (query.last === true)
        lasts.set(
          query,
          log.findLast((stored) => this.#matching(stored, [query], unknownEvents).length > 0),
        );
    for (const stored of log) {
      const asking = queries.filter(
        (query) =>
          stored.position > (query.after ?? after) && (!lasts.has(query) || lasts.get(query) === stored),
      );
      if (asking.length === 0) continue;
      this.#assertOpen();
      yield* this.#matching(stored, asking, unknownEvents);
    }
  }

  subscribe(options: SubscribeOptions = {}): Subscription {
    assertSubscribeOptions(options, this.#catalog);
    const { filter = {}, unknownEvents } = options;
    const read = (stored: StoredEvent) => this.#matching(stored, listOf(filter), unknownEvents);
    return new MemorySubscription(this.#log, read, options, this.#closed.signal);
  }

  async highWaterMark(): Promise<number> {
    this.#assertOpen();
    return Promise.resolve(this.#log.position);
  }

  async eventsOfCommand(commandId: string): Promise<readonly RecordedEvent[]> {
    this.#assertOpen();
    assertId('command id', commandId);
    return this.#log.eventsOfCommand(commandId).flatMap((stored) => this.#read(stored));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    await Promise.resolve();
  }

  /** @throws ClosedError */
  #assertOpen(): void {
    if (this.#closed.signal.aborted) throw new ClosedError('the event store');
  }

  #toResult({ duplicate, streams }: MemoryAppend): AppendToStreamsResult {
    const results = streams.map(({ streamVersion, events }): AppendResult => {
      const position = events.at(-1)?.position ?? 0;
      return { streamVersion, position, events: events.flatMap((stored) => this.#read(stored)), duplicate };
    });
    return { position: Math.max(0, ...results.map(({ position }) => position)), streams: results, duplicate };
  }

  #matching(
    stored: StoredEvent,
    queries: readonly EventQuery[],
    unknownEvents: UnknownEvents,
  ): readonly RecordedEvent[] {
    if (!queries.some((query) => matchesQuery(stored, this.#catalog.asStored(query)))) return [];
    return this.#toRecorded(stored, unknownEvents).filter((event) =>
      queries.some((query) => matchesQuery(event, query)),
    );
  }

  #toRecorded(stored: StoredEvent, unknownEvents: UnknownEvents): readonly RecordedEvent[] {
    return unknownEvents === 'skip' && !this.#catalog.reads(stored.type) ? [] : this.#read(stored);
  }

  #read(stored: StoredEvent): readonly RecordedEvent[] {
    const { type, schemaVersion, id, streamId, streamVersion, position, tags } = stored;
    const data = asStored(JSON.parse(stored.dataJson) as JsonValue);
    return this.#catalog.read({ type, schemaVersion, data, position }).map((payload) => {
      const metadata = asStored(JSON.parse(stored.metadataJson) as EventMetadata);
      const recordedAt = new Date(stored.recordedAt);
      return { ...payload, id, streamId, streamVersion, position, recordedAt, metadata, tags };
    });
  }
}
