import type { ExpectedVersion } from '../errors/append-errors.ts';
import type { NewEvent, RecordedEvent } from '../event/event.ts';
import type { EventMetadata } from '../event/metadata.ts';

/** The part of an `AbortSignal` that is used here; this package compiles without any platform's types. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Which events a read, a subscription or a condition is about: those for which all given parts hold. */
export interface EventQuery {
  /** Any of these event types. @default any type */
  readonly types?: readonly string[] | undefined;
  /** Only streams of this category: those named `<category>-…`. @default any stream */
  readonly category?: string | undefined;
  /** All of these tags. @default no tag is asked for */
  readonly tags?: readonly string[] | undefined;
}

/** A query of a condition: by tags, and by event types if any are given. */
export interface TaggedQuery extends EventQuery {
  /**
   * At least one, at most 64. Put the rarest first: appends whose conditions begin with the same tag wait for each
   * other.
   */
  readonly tags: readonly [string, ...string[]];
  /** Conditions do not ask for streams; name event types. */
  readonly category?: undefined;
}

/**
 * What the log must be like for an append to be made: a decision that rests on the events of some tags, in whatever
 * streams they are, holds as long as there are no more of them.
 */
export interface AppendCondition {
  /** Events that must not be there; with several queries, those that any of them matches. */
  readonly failIfMatch: TaggedQuery | readonly TaggedQuery[];
  /** Only events behind this position count: what was read up to it was decided on. @default 0 */
  readonly after?: number | undefined;
}

/** What holds for a whole append. */
export interface AppendContext {
  /** Given to each event, beside its own metadata. */
  readonly metadata?: EventMetadata | undefined;
  /**
   * Makes the append idempotent: events without an id get `<command id>:1`, `:2` …, and when the first of them is
   * in the log already nothing is appended and the recorded events are the answer.
   */
  readonly commandId?: string | undefined;
  /** What the log must be like, beside what is expected of each stream. */
  readonly condition?: AppendCondition | undefined;
}

/** What holds for an append to one stream. */
export interface AppendOptions extends AppendContext {
  /**
   * What the stream must be like. A version, 0 for a stream without events; `'no-stream'`, `'stream-exists'`, or
   * `'any'`, which never conflicts.
   *
   * @default 'any'
   */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** One stream's part of an atomic append. Without events it only checks. */
export interface StreamToAppend {
  readonly streamId: string;
  readonly events: readonly NewEvent[];
  /** @default 'any' */
  readonly expectedVersion?: ExpectedVersion | undefined;
}

/** What an append did. */
export interface AppendResult {
  /** Version of the stream's last event, as this append left it. 0 for a stream without events. */
  readonly streamVersion: number;
  /** Position of the append's last event: a consistency token for reads. 0 when it appended nothing. */
  readonly position: number;
  /** The events with their places, in the order they were given. */
  readonly events: readonly RecordedEvent[];
  /** True when the same append was in the log already; the events are those of the first time. */
  readonly duplicate: boolean;
}

/** What an append to several streams did. */
export interface AppendToStreamsResult {
  /** Position of the append's last event. 0 when it appended nothing. */
  readonly position: number;
  /** One for each stream, in the order they were given. */
  readonly streams: readonly AppendResult[];
  readonly duplicate: boolean;
}

/** Which part of a stream to read, and how. */
export interface ReadStreamOptions {
  /** First version, inclusive. @default 1 */
  readonly from?: number | undefined;
  /** Last version, inclusive. @default the newest */
  readonly to?: number | undefined;
  /** Newest first, from `to` down to `from`. @default false */
  readonly backwards?: boolean | undefined;
  /** At most so many events. @default all */
  readonly limit?: number | undefined;
  /** Only events at or before this position of the store. */
  readonly untilPosition?: number | undefined;
  /** Only events recorded at or before this instant. */
  readonly untilTime?: Date | undefined;
  /** What to do with an event type that no definition knows. @default 'fail' */
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Which part of the store to read, and how. */
export interface ReadAllOptions {
  /** Only events behind this position. @default 0 */
  readonly after?: number | undefined;
  readonly filter?: EventQuery | undefined;
  /** At most so many events. @default all that are settled when the read begins */
  readonly limit?: number | undefined;
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Where a subscription begins, and what it gets. */
export interface SubscribeOptions {
  /** Resume behind this position: the `position` of an earlier subscription. @default 0, from the beginning */
  readonly after?: number | undefined;
  readonly filter?: EventQuery | undefined;
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  /** Ends the subscription without an error. */
  readonly signal?: AbortSignalLike | undefined;
}

/** All events of a filter, in the order of the log, those to come included. Ends when its signal aborts. */
export interface Subscription extends AsyncIterable<RecordedEvent> {
  /**
   * Resume token: every event at or before it that the filter lets through was handed out, and the loop came back
   * for the next one. It moves on past events that the filter keeps out.
   */
  readonly position: number;
}

/** An append-only log of events in streams. */
export interface EventStore {
  /**
   * Appends events to one stream, all or none.
   *
   * @throws StreamVersionConflictError when the stream is not as expected.
   * @throws AppendConditionError when the log has an event that its condition excludes.
   * @throws EventIdReusedError when an id is in the log already, for another event.
   * @throws UnknownEventError, InvalidEventError, InvalidNameError, AppendTooLargeError for input that cannot be stored.
   * @throws RangeError when `expectedVersion` is no whole number from 0 and none of the words, or `after` is none.
   * @throws TypeError when a condition has no query, or a query an empty list.
   * @throws StoreUnavailableError when the database cannot be reached. Whether it appended is then unknown; give
   * events ids, or a command id, to make the call again safely.
   */
  append(streamId: string, events: readonly NewEvent[], options?: AppendOptions): Promise<AppendResult>;

  /**
   * Appends to several streams, all or none, each with its own expectation. A stream may be named once.
   *
   * Streams without events are only checked. Of two appends that each check a stream which the other one changes, at
   * most one is made. An append that only writes is not held up by a check: one that is under way during the check
   * counts as later, although its position may be lower.
   *
   * @throws like {@link EventStore.append}, and TypeError when a stream is named twice, or none is.
   */
  appendToStreams(
    appends: readonly StreamToAppend[],
    options?: AppendContext,
  ): Promise<AppendToStreamsResult>;

  /**
   * Reads one stream, page by page, in bounded memory. A stream that does not exist has no events.
   *
   * @throws UnknownEventError, InvalidEventError for an event that cannot be read, InvalidNameError for an id that
   * cannot exist, RangeError for a bound that is no whole number from 0, StoreUnavailableError; all of them as the
   * events are asked for.
   */
  readStream(streamId: string, options?: ReadStreamOptions): AsyncIterable<RecordedEvent>;

  /**
   * Reads the settled part of the log in its order, page by page, in bounded memory.
   *
   * @throws like {@link EventStore.readStream}
   */
  readAll(options?: ReadAllOptions): AsyncIterable<RecordedEvent>;

  /**
   * Reads the log and goes on with what is appended. A store that cannot be reached is waited for.
   *
   * @throws like {@link EventStore.readStream}, except for StoreUnavailableError
   */
  subscribe(options?: SubscribeOptions): Subscription;

  /**
   * The position at or below which nothing can appear any more. Never falls. Events above it may be committed
   * already: those are settled as soon as the appends that began before them have ended.
   */
  highWaterMark(): Promise<number>;

  /** The recorded events of a command, in order; none when it was not executed, or led to no events. */
  eventsOfCommand(commandId: string): Promise<readonly RecordedEvent[]>;
}

/** A folded state at a version of its stream. */
export interface Snapshot {
  readonly streamVersion: number;
  /** Position of the event at that version. */
  readonly position: number;
  readonly state: unknown;
}

/** A snapshot as it is loaded. */
export interface LoadedSnapshot extends Snapshot {
  /**
   * All events of the stream from the snapshot's own version on, that one included, when the store read them in the
   * same breath. Without it they are read from the log.
   */
  readonly tail?: readonly RecordedEvent[] | undefined;
}

/** Keeps the newest snapshot of each stream. Losing any of them only costs time. */
export interface SnapshotStore {
  /** @param key tells one meaning of the state from another; a snapshot under another key is not found. */
  loadSnapshot(streamId: string, key: string): Promise<LoadedSnapshot | undefined>;
  saveSnapshot(streamId: string, key: string, snapshot: Snapshot): Promise<void>;
}
