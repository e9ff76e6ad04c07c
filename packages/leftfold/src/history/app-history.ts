import type {
  AnyAggregate,
  AnyTableProjection,
  EventQuery,
  KeyOf,
  RecordedEvent,
  RowOf,
  StateOf,
} from '@leftfold/core';
import type { ReadLogOptions } from '@leftfold/projections';

/** What must hold for one aggregate after each of its events. */
export interface AggregateInvariant<TAggregate extends AnyAggregate> {
  readonly aggregate: TAggregate;
  readonly id: string;
  /** Whether the state is as it should be after the event. */
  readonly check: (state: StateOf<TAggregate>, event: RecordedEvent) => boolean;
}

/** What must hold for one row of a table projection after each of its events. */
export interface RowInvariant<TProjection extends AnyTableProjection> {
  readonly projection: TProjection;
  readonly key: KeyOf<TProjection>;
  /** Whether the row is as it should be after the event; undefined for none. */
  readonly check: (row: RowOf<TProjection> | undefined, event: RecordedEvent) => boolean;
}

/** What must hold after each event that a filter selects, for a state that is folded from them. */
export interface LogInvariant<TEvent extends RecordedEvent, TType extends TEvent['type'], TState> {
  /** Which events are folded: by types, tags, category. @default all */
  readonly filter?: EventQuery<TType> | undefined;
  readonly initialState: TState;
  /** Returns the next state; it must not change the one that it is given. */
  readonly evolve: (
    state: NoInfer<TState>,
    event: Extract<TEvent, { readonly type: NoInfer<TType> }>,
  ) => NoInfer<TState>;
  /** Whether the state is as it should be after the event. */
  readonly check: (
    state: NoInfer<TState>,
    event: Extract<TEvent, { readonly type: NoInfer<TType> }>,
  ) => boolean;
}

/** The first event after which something did not hold. */
export interface Violation<TState, TEvent extends RecordedEvent = RecordedEvent> {
  readonly event: TEvent;
  /** The state before the event, for which `check` returned true, or which no event had changed. */
  readonly before: TState;
  readonly after: TState;
}

/** Reads the past of an app. */
export interface AppHistory<
  TAggregate extends AnyAggregate = AnyAggregate,
  TTableProjection extends AnyTableProjection = AnyTableProjection,
  TEvent extends RecordedEvent = RecordedEvent,
> {
  /**
   * Finds the first event after which `check` returned false: for the state of an aggregate, for a row of a table
   * projection, or for a state that is folded from any events. Events are folded one by one, in the order of the log up to
   * the high-water mark, so that an invariant may also be broken and hold again later. For a row, events that were given up
   * are left out, as the row leaves them out; for an aggregate and a filter they count.
   *
   * O(events of the stream, or that the filter or the projection selects), in bounded memory. Nothing is written.
   *
   * @returns undefined when it held after each event
   * @throws InvalidArgumentError also when no event concerns the aggregate or the row: the id or the key is a wrong one. A
   * filter that selects no event returns undefined
   * @throws what `check`, or `evolve` of an aggregate or a state, throws; SubscriptionFailedError, which names the event, when
   * `key` or `evolve` of a projection throws; UnknownEventError, StoreUnavailableError; the reason of `options.signal`
   *
   * @example
   * const violation = await app.history.firstViolation({
   *   aggregate: account,
   *   id: 'acc-1',
   *   check: (state) => state.cents >= 0,
   * });
   * console.log(violation?.event.type, violation?.before, violation?.after);
   */
  firstViolation<TChecked extends TAggregate>(
    invariant: AggregateInvariant<TChecked>,
    options?: ReadLogOptions,
  ): Promise<Violation<StateOf<TChecked>, TEvent> | undefined>;
  firstViolation<TChecked extends TTableProjection>(
    invariant: RowInvariant<TChecked>,
    options?: ReadLogOptions,
  ): Promise<Violation<RowOf<TChecked> | undefined, TEvent> | undefined>;
  firstViolation<TState, const TType extends TEvent['type'] = TEvent['type']>(
    invariant: LogInvariant<TEvent, TType, TState>,
    options?: ReadLogOptions,
  ): Promise<Violation<TState, Extract<TEvent, { readonly type: TType }>> | undefined>;
}
