import type { AnyAggregate, AnyDecision, NewEvent } from '@leftfold/core';
import {
  assertAggregate,
  assertEach,
  assertEvent,
  assertFunction,
  assertInstant,
  assertList,
  assertObject,
  assertOptions,
  isDecision,
  type OptionNames,
} from '@leftfold/core/input';
import type { GivenOptions } from './decision-context.ts';
import { type GivenAggregate, givenAggregate, type HistoryEventOf } from './given-aggregate.ts';
import { type GivenDecision, givenDecision } from './given-decision.ts';
import type { GivenEvent } from './given-events.ts';

/**
 * Starts a test of an aggregate, without a store: its history.
 *
 * ```ts
 * given(account, [accountEvents.create.opened({ owner: 'Ada' })])
 *   .when(account.command.withdraw('acc-1', { cents: 500 }))
 *   .thenRejected('insufficient-funds');
 * ```
 *
 * @throws UnknownEventError, InvalidEventError when an event belongs to another aggregate, or its data does not match
 * its schema.
 */
export function given<TAggregate extends AnyAggregate>(
  aggregate: TAggregate,
  history?: readonly HistoryEventOf<TAggregate>[],
  options?: GivenOptions,
): GivenAggregate<TAggregate>;

/**
 * Starts a test of a decision, without a store: the history of everything that it may read, in the order of the log.
 *
 * ```ts
 * given(subscribe, [planned, subscribed])
 *   .when(subscribe.command({ courseId: 'c1', studentId: 's2' }))
 *   .thenRejected('course-full');
 * given(transfer, [inStream('account-a', opened, deposited), inStream('account-b', opened)])
 *   .when(transfer.command({ from: 'a', to: 'b', cents: 5 }))
 *   .then([inStream('account-a', withdrawn), inStream('account-b', deposited)]);
 * ```
 *
 * An event without a stream belongs to the one aggregate of its category that the decision reads, if there is one. Folds find
 * events by their tags in any stream.
 */
export function given<TDecision extends AnyDecision>(
  decision: TDecision,
  history?: readonly GivenEvent[],
  options?: GivenOptions,
): GivenDecision<TDecision>;

export function given(
  subject: AnyAggregate | AnyDecision,
  history: readonly (NewEvent | GivenEvent)[] = [],
  options: GivenOptions = {},
): unknown {
  assertOptions('options', options, optionNames);
  assertInstant('now', options.now);
  assertFunction('newId', options.newId);
  if (options.metadata !== undefined) assertObject('an object', 'metadata', options.metadata);
  if (isDecision(subject)) {
    assertList('history', history);
    return givenDecision(subject as AnyDecision, history, options);
  }
  assertAggregate('the subject of given', subject);
  assertEach('history', history, assertEvent);
  return givenAggregate(subject as AnyAggregate, history as readonly NewEvent[], options);
}

const optionNames: OptionNames<GivenOptions> = { now: true, newId: true, metadata: true };
