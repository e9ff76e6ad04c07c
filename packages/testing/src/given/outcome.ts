import type { JsonObject, NewEvent, Rejection } from '@leftfold/core';
import { assertSame, fail } from './assert-same.ts';
import { toPlainEvent } from './plain-event.ts';

/** The state after a decision: for one aggregate, or by role. */
export interface ThenState<TState> {
  /** @throws AssertionError when the state after the new events is another one */
  thenState(expected: TState): void;
}

/**
 * The outcome of a command, with assertions.
 *
 * It is not a promise although it has a method `then`: do not `await` it or return it from an async function.
 */
export interface Outcome<TEvents, TReason extends string, TState> extends ThenState<TState> {
  /** The events of the decision; none when the command was rejected. */
  readonly events: TEvents;
  readonly rejection: Rejection<TReason> | undefined;
  readonly state: TState;
  /**
   * Asserts exactly these events, in this order, with their ids, tags and metadata if they have any.
   *
   * @throws AssertionError when the events are others, or the command was rejected
   */
  then(expected: TEvents): ThenState<TState>;
  /** @throws AssertionError when there are events, or the command was rejected */
  thenNothing(): ThenState<TState>;
  /**
   * @param details compared when given
   * @throws AssertionError when the command was not rejected, or for another reason
   */
  thenRejected(reason: TReason, details?: JsonObject): ThenState<TState>;
}

/** Events of one aggregate, or by role. */
type AnyEvents = readonly NewEvent[] | Readonly<Record<string, readonly NewEvent[] | undefined>>;

/** @param command how messages name it */
export function toOutcome<TEvents extends AnyEvents, TReason extends string, TState>(
  command: string,
  decided: {
    readonly events: TEvents;
    readonly rejection: Rejection<TReason> | undefined;
    readonly state: TState;
  },
): Outcome<TEvents, TReason, TState> {
  const { events, rejection, state } = decided;

  function thenState(expected: TState): void {
    assertSame(state, expected, `the state after ${command} is another one`, thenState);
  }

  function then(expected: TEvents): ThenState<TState> {
    if (typeof expected === 'function')
      throw new TypeError('given(...).when(...) is no promise: do not await it');
    if (!isExpected(expected))
      throw new TypeError('then(...) takes a list of events, such as then([event]), or lists by role');
    if (rejection !== undefined) fail(`${command} was rejected: ${saying(rejection)}`, then, { expected });
    assertSame(plain(events), plain(expected), `${command} decided on other events`, then);
    return { thenState };
  }

  function thenNothing(): ThenState<TState> {
    if (rejection !== undefined) fail(`${command} was rejected: ${saying(rejection)}`, thenNothing);
    assertSame(plain(events), plain([]), `${command} decided on events`, thenNothing);
    return { thenState };
  }

  function thenRejected(reason: TReason, details?: JsonObject): ThenState<TState> {
    if (rejection === undefined) {
      const values = { actual: plain(events), expected: reason };
      fail(`${command} was not rejected: it decided on ${names(events)}`, thenRejected, values);
    }
    assertSame(rejection.reason, reason, `${command} was rejected for another reason`, thenRejected);
    if (details !== undefined) {
      assertSame(rejection.details, details, `${command} was rejected with other details`, thenRejected);
    }
    return { thenState };
  }

  // oxlint-disable-next-line unicorn/no-thenable -- given, when, then are the usual words
  return { ...decided, then, thenNothing, thenRejected, thenState };
}

/** Events to compare. A role without events equals a role that is left out. */
function plain(events: AnyEvents): unknown {
  if (isList(events)) return events.map(toPlainEvent);
  const byRole = Object.entries(events).filter(([, list]) => list !== undefined && list.length > 0);
  return byRole.length === 0
    ? []
    : Object.fromEntries(byRole.map(([role, list]) => [role, plain(list ?? [])]));
}

function isList(events: AnyEvents): events is readonly NewEvent[] {
  return Array.isArray(events);
}

/** JavaScript may pass anything. */
function isExpected(events: unknown): boolean {
  if (Array.isArray(events)) return true;
  if (typeof events !== 'object' || events === null) return false;
  return Object.values(events).every((list) => list === undefined || Array.isArray(list));
}

function names(events: AnyEvents): string {
  const list = isList(events) ? events : Object.values(events).flatMap((each) => each ?? []);
  return list.length === 0 ? 'no events' : list.map(({ type }) => type).join(', ');
}

function saying({ reason, details }: Rejection): string {
  return details === undefined ? reason : `${reason} ${JSON.stringify(details)}`;
}
