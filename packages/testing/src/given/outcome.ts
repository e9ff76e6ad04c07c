import type { JsonObject, NewEvent, Rejection } from '@leftfold/core';
import { assertSame, fail } from './assert-same.ts';
import { toPlainEvent } from './plain-event.ts';

/** The state after a command: of its aggregate, or by role of a decision. */
export interface ThenState<TState> {
  /** @throws AssertionError when the state after the new events is another one */
  thenState(expected: TState): void;
}

/**
 * The outcome of a command, with assertions.
 *
 * It is not a promise although it has a method `then`: do not `await` it or return it from an async function.
 */
export interface Outcome<TEvents, TReason extends string, TState, TExpected = TEvents>
  extends ThenState<TState> {
  /** The events of the decision; none when the command was rejected. */
  readonly events: TEvents;
  readonly rejection: Rejection<TReason> | undefined;
  readonly state: TState;
  /**
   * Asserts exactly these events, in this order, with their ids, tags and metadata if they have any.
   *
   * @throws AssertionError when the events are others, or the command was rejected
   */
  then(expected: TExpected): ThenState<TState>;
  /** @throws AssertionError when there are events, or the command was rejected */
  thenNothing(): ThenState<TState>;
  /**
   * @param details compared when given
   * @throws AssertionError when the command was not rejected, or for another reason
   */
  thenRejected(reason: TReason, details?: JsonObject): ThenState<TState>;
}

/** What `then` compares. */
interface Compared {
  readonly actual: readonly unknown[];
  readonly expected: readonly unknown[];
}

/**
 * @param command how messages name it
 * @param compare the events, and those that a test expects, in the form in which they are compared
 */
export function toOutcome<
  TEvents extends readonly NewEvent[],
  TReason extends string,
  TState,
  TExpected extends readonly unknown[],
>(
  command: string,
  decided: {
    readonly events: TEvents;
    readonly rejection: Rejection<TReason> | undefined;
    readonly state: TState;
  },
  compare: (expected: TExpected) => Compared,
): Outcome<TEvents, TReason, TState, TExpected> {
  const { events, rejection, state } = decided;

  function thenState(expected: TState): void {
    assertSame(state, expected, `the state after ${command} is another one`, thenState);
  }

  function then(expected: TExpected): ThenState<TState> {
    if (typeof expected === 'function')
      throw new TypeError('given(...).when(...) is no promise: do not await it');
    if (!Array.isArray(expected))
      throw new TypeError('then(...) takes a list of events, such as then([event])');
    if (rejection !== undefined) fail(`${command} was rejected: ${saying(rejection)}`, then, { expected });
    const compared = compare(expected);
    assertSame(compared.actual, compared.expected, `${command} decided on other events`, then);
    return { thenState };
  }

  function thenNothing(): ThenState<TState> {
    if (rejection !== undefined) fail(`${command} was rejected: ${saying(rejection)}`, thenNothing);
    assertSame(events.map(toPlainEvent), [], `${command} decided on events`, thenNothing);
    return { thenState };
  }

  function thenRejected(reason: TReason, details?: JsonObject): ThenState<TState> {
    if (rejection === undefined) {
      const values = { actual: events.map(toPlainEvent), expected: reason };
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

function names(events: readonly NewEvent[]): string {
  return events.length === 0 ? 'no events' : events.map(({ type }) => type).join(', ');
}

function saying({ reason, details }: Rejection): string {
  return details === undefined ? reason : `${reason} ${JSON.stringify(details)}`;
}
