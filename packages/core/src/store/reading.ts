import type { RecordedEvent } from '../event/event.ts';
import type { LogToken } from '../log-token/log-token.ts';
import type { AppendCondition, EventQueries } from './query.ts';

/** The part of an `AbortSignal` that is used here. This package compiles without the types of a platform. */
export interface AbortSignalLike {
  readonly aborted: boolean;
  addEventListener(type: 'abort', listener: () => void, options?: { readonly once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

/** Options of `readStream` of an event store. */
export interface ReadStreamOptions {
  /** First stream version to read. @default 1 */
  readonly from?: number | undefined;
  /** Last stream version to read. @default the newest */
  readonly to?: number | undefined;
  /** Read from `to` down to `from`. @default false */
  readonly backwards?: boolean | undefined;
  /**
   * Maximum number of events. Those that one stored event is read as are not separated, so there may be a few more.
   * @default all
   */
  readonly limit?: number | undefined;
  /** Read only events at or before this position. @default no limit */
  readonly untilPosition?: number | undefined;
  /** Read only events recorded at or before this time. @default no limit */
  readonly untilTime?: Date | undefined;
  /** `'skip'` leaves out events whose type has no definition; `'fail'` throws UnknownEventError. @default 'fail' */
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Options of `readAll` of an event store. */
export interface ReadAllOptions<TType extends string = string> {
  /**
   * Read only events after this position, or after the event of this token, such as `tokenOf(event)` of the last event
   * that was read. Only a token notices when another event has the position. @default 0
   */
  readonly after?: number | LogToken | undefined;
  /** Read only events at or before this position. @default the high-water mark at the start of the read */
  readonly untilPosition?: number | undefined;
  /** Read from the last event down to the first one after `after`. @default false */
  readonly backwards?: boolean | undefined;
  /** One query, or 1 to 64 of which any matches. @default every event */
  readonly filter?: EventQueries<TType> | undefined;
  /**
   * Maximum number of events. Those that one stored event is read as are not separated, so there may be a few more.
   * @default all
   */
  readonly limit?: number | undefined;
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  readonly signal?: AbortSignalLike | undefined;
}

/** Options of `readForDecision` of an event store. */
export interface ReadForDecisionOptions {
  /**
   * Leave out the events up to this position: `condition.after` of an earlier read of the same queries, whose events the
   * caller has. The condition is that of a read of all of them. @default 0
   */
  readonly after?: number | undefined;
  /** `'skip'` leaves out events whose type has no definition; `'fail'` throws UnknownEventError. @default 'fail' */
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
}

/** A stored event, whatever it is read as. */
export interface StoredPlace {
  readonly streamVersion: number;
  readonly position: number;
  readonly id: string;
}

/** The events of one stream. To be iterated once. */
export interface StreamEvents<TEvent extends RecordedEvent = RecordedEvent> extends AsyncIterable<TEvent> {
  /**
   * The last stored event that was read so far; undefined before the first. Expected versions count stored events: this
   * one may be retired, and read as several events, or as nothing.
   */
  readonly last: StoredPlace | undefined;
}

/** What a decision rests on. `condition` and `era` are options of the append that it leads to. */
export interface DecisionRead<TEvent extends RecordedEvent = RecordedEvent> {
  /**
   * The committed events that match a query, in the order of the log, page by page, each once. Each iteration reads them
   * again, up to the same position.
   */
  readonly events: AsyncIterable<TEvent>;
  /** Fails when an event that matches a query was added since, or is added by an append that is in flight. */
  readonly condition: AppendCondition<TEvent['type']>;
  /** The store's `era` when it was read. */
  readonly era: number;
}

/** Options of `subscribe` of an event store. */
export interface SubscribeOptions<TType extends string = string> {
  /**
   * Start after this position, such as the `position` of an earlier subscription, or after the event of this token, such
   * as `tokenOf(event)` of the last event that was handled. Only a token notices when another event has the position.
   * @default 0
   */
  readonly after?: number | LogToken | undefined;
  /** One query, or 1 to 64 of which any matches. @default every event */
  readonly filter?: EventQueries<TType> | undefined;
  readonly unknownEvents?: 'fail' | 'skip' | undefined;
  /** Ends the subscription without an error. */
  readonly signal?: AbortSignalLike | undefined;
}

/**
 * The events that match a filter, in log order, followed by new ones as they are appended. Ends when its signal
 * aborts.
 */
export interface Subscription<TEvent extends RecordedEvent = RecordedEvent> extends AsyncIterable<TEvent> {
  /**
   * Where to resume. All matching events up to this position were yielded, and the consumer asked for the next one. It
   * also advances over events that do not match. Of the events that one stored event is read as, it moves with the last
   * one: `tokenOf(event)` resumes after each.
   */
  readonly position: number;
}
