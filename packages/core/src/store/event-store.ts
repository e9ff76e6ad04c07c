import type { ExpectedVersion } from '../errors/append-errors.ts';
import type { NewEvent, RecordedEvent } from '../event/event.ts';
import type { EventMetadata } from '../event/metadata.ts';
import type { AppendCondition, DecisionQueries } from './query.ts';
import type {
  DecisionRead,
  ReadAllOptions,
  ReadForDecisionOptions,
  ReadStreamOptions,
  StreamEvents,
  SubscribeOptions,
  Subscription,
} from './reading.ts';

/** Options that apply to a whole append. */
export interface AppendContext<TType extends string = string> {
  /** Added to the metadata of each event; an event's own metadata wins, field by field. */
  readonly metadata?: EventMetadata | undefined;
  /**
   * Makes the append idempotent. Its events get the ids `<command id>:1`, `:2` and so on, and must have none of their
   * own. If the first of them is in the log already, nothing is appended, and the result has the events that were
   * recorded the first time.
   */
  readonly commandId?: string | undefined;
  /**
   * The store's {@link EventStore.era} before the caller read what it decided on. When the log has gone back since, the
   * append is refused with LogRewoundError.
   */
  readonly era?: number | undefined;
  /** A condition on the log, in addition to the expected version of each stream. */
  readonly condition?: AppendCondition<TType> | undefined;
}

/** Options of an append to one stream. */
export interface AppendOptions<TType extends string = string> extends AppendContext<TType> {
  /**
   * The version the stream must have: a number, 0 for a stream without events; `'no-stream'`, `'stream-exists'`, or
   * `'any'`, which never conflicts.
   *
   * @default 'any'
   */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** One stream's part of an atomic append. Without events, only its version is checked. */
export interface StreamToAppend {
  readonly streamId: string;
  readonly events: readonly NewEvent[];
  /** @default 'any' */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** The result of an append to one stream. */
export interface AppendResult {
  /** Version of the stream's last event after this append. 0 for a stream without events. */
  readonly streamVersion: number;
  /** Position of the append's last event; `tokenOf(events.at(-1))` is its token. 0 when it appended nothing. */
  readonly position: number;
  /** The recorded events, in the order they were given. */
  readonly events: readonly RecordedEvent[];
  /** True when the same append was in the log already. The events are those recorded the first time. */
  readonly duplicate: boolean;
}

/** The result of an append to several streams. */
export interface AppendToStreamsResult {
  /** Position of the append's last event. 0 when it appended nothing. */
  readonly position: number;
  /** One result for each stream, in the order they were given. */
  readonly streams: readonly AppendResult[];
  readonly duplicate: boolean;
}

/**
 * The locks of an append, held while what it rests on is read again. Its reads and its append use the same connection.
 *
 * It ends with its first append, and when it is disposed of. When nothing was asked of it for 5 seconds, the store ends it:
 * later calls then fail with StoreUnavailableError, and nothing was appended.
 */
export interface AppendLock<TEvent extends RecordedEvent = RecordedEvent>
  extends AsyncDisposable,
    Pick<EventStore<TEvent>, 'append' | 'appendToStreams' | 'readStream' | 'readForDecision'> {}

/**
 * An append-only log of events in streams. What is read has the types of the store's definitions: narrow it by `type`.
 *
 * @example
 * ```ts
 * const { position } = await store.append('account-1', [accountEvents.create.opened({ owner: 'Ada' })], {
 *   expectedVersion: 'no-stream',
 * });
 * for await (const event of store.readStream('account-1')) console.log(event.type);
 * ```
 */
export interface EventStore<TEvent extends RecordedEvent = RecordedEvent> {
  /**
   * How often this store has found that the log went back: a backup was restored, or a standby that lagged was promoted.
   * What was read in an earlier era may never have happened.
   */
  readonly era: number;

  /**
   * Appends events to one stream: all of them or none.
   *
   * @throws StreamVersionConflictError when the stream does not have the expected version.
   * @throws LogRewoundError when the log has gone back, and the append rests on what was read before.
   * @throws AppendConditionFailedError when an event in the log matches the condition.
   * @throws EventIdReusedError when an event id is already recorded for another event.
   * @throws UnknownEventError, InvalidEventError, InvalidNameError, AppendTooLargeError when the input cannot be
   * stored.
   * @throws InvalidArgumentError when an option is none, such as NaN for a version, or a condition without a query.
   * @throws StoreUnavailableError when the database cannot be reached. It is then unknown whether the events were
   * appended. Give events ids, or the append a command id, so that the call can be repeated safely.
   */
  append(
    streamId: string,
    events: readonly NewEvent[],
    options?: AppendOptions<TEvent['type']>,
  ): Promise<AppendResult>;

  /**
   * Appends to several streams: all of them or none, each with its own expected version. Each stream may be given once.
   *
   * For a stream without events only the version is checked. Of two appends that each check a stream which the other
   * one changes, at most one is made. A check does not block an append that only writes: if both run at the same time,
   * the write counts as later, although its position may be lower.
   *
   * @throws the errors of {@link EventStore.append}, and InvalidArgumentError when no stream, or one stream twice, is given.
   */
  appendToStreams(
    appends: readonly StreamToAppend[],
    options?: AppendContext<TEvent['type']>,
  ): Promise<AppendToStreamsResult>;

  /**
   * Reads one stream, page by page, in bounded memory. A stream that does not exist has no events.
   *
   * Errors are thrown while iterating.
   *
   * @throws UnknownEventError, InvalidEventError when an event cannot be read.
   * @throws InvalidNameError when the stream id is invalid, InvalidArgumentError when an option is.
   * @throws StoreUnavailableError when the database cannot be reached.
   */
  readStream(streamId: string, options?: ReadStreamOptions): StreamEvents<TEvent>;

  /**
   * Reads the log up to the high-water mark, page by page, in bounded memory: in its order, or backwards.
   *
   * @throws the errors of {@link EventStore.readStream}.
   * @throws LogRewoundError before the first event when the log ends before `after`, or does not have the token's event.
   */
  readAll(options?: ReadAllOptions<TEvent['type']>): AsyncIterable<TEvent>;

  /**
   * Reads what a decision is based on: the events that the queries match, or the last one of each query that asks for it
   * alone, and the condition under which the decision may be appended. One call for all queries of a decision.
   *
   * Unlike `readAll` it does not leave out committed events because of other appends that are in flight: it returns what
   * the condition is checked against. It waits for no append.
   *
   * @example
   * ```ts
   * const { events, condition, era } = await store.readForDecision({ tags: ['course:c1'] });
   * let taken = 0;
   * for await (const event of events) if (event.type === 'course.subscribed') taken += 1;
   * if (taken < 20) await store.append('course-c1', [subscribed], { condition, era });
   * ```
   *
   * @param queries 1 to 64, as in a condition
   * @throws InvalidArgumentError, InvalidNameError, UnknownEventError when a query is none; while iterating, the errors
   * of {@link EventStore.readStream}, and LogRewoundError when the log has gone back since the call.
   */
  readForDecision(
    queries: DecisionQueries<TEvent['type']>,
    options?: ReadForDecisionOptions,
  ): Promise<DecisionRead<TEvent>>;

  /**
   * Takes the locks of an append without appending: for one that was refused because of what others append all the time.
   *
   * Until the lock ends, no other append adds an event that a query of the condition matches. So what is read under the lock
   * still holds when it is appended. Locks are granted in the order in which they were asked for. Appends with such events
   * wait for the lock, so it is for a read and an append of milliseconds.
   *
   * A store for one process has no need of it.
   *
   * @param appends as for {@link EventStore.appendToStreams}. An append under the lock that has other streams or tags may have
   * to wait for others, and then fails with StoreUnavailableError instead.
   * @throws the errors of `appendToStreams` for an append that cannot be stored; StoreUnavailableError when other
   * transactions hold the locks for seconds.
   */
  lockForAppend?(
    appends: readonly StreamToAppend[],
    context?: AppendContext<TEvent['type']>,
  ): Promise<AppendLock<TEvent>>;

  /**
   * Reads the log, then waits for new events. When the store cannot be reached, it retries until it can.
   *
   * @throws the errors of {@link EventStore.readStream}, but StoreUnavailableError only when the process has as many
   * subscriptions as it can have.
   * @throws LogRewoundError when the log has gone back, or ends before `after`; before the first event when it does not
   * have the token's event.
   */
  subscribe(options?: SubscribeOptions<TEvent['type']>): Subscription<TEvent>;

  /**
   * The position up to which the log is complete: no event can appear at or below it any more. It never decreases.
   * Events above it may be committed already; it passes them once the appends that started before them have ended.
   */
  highWaterMark(): Promise<number>;

  /** The recorded events of a command, in log order. Empty when it was not executed, or added no events. */
  eventsOfCommand(commandId: string): Promise<readonly TEvent[]>;
}
