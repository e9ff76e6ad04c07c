import type { AnyAggregate, AnyDecision, AnyProcess, NewEvent } from '@leftfold/core';
import {
  assertAggregate,
  assertEach,
  assertEvent,
  assertFunction,
  assertInstant,
  assertList,
  assertObject,
  assertOptions,
  holds,
  isDecision,
  type OptionNames,
} from '@leftfold/core/input';
import type { GivenOptions } from './decision-context.ts';
import { type GivenAggregate, givenAggregate, type HistoryEventOf } from './given-aggregate.ts';
import { type GivenDecision, givenDecision } from './given-decision.ts';
import type { GivenEvent } from './given-events.ts';
import {
  assertProcessOptions,
  type GivenProcess,
  type GivenProcessOptions,
  givenProcess,
} from './given-process.ts';
import type { GivenInput } from './process-inputs.ts';

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

/**
 * Starts a test of a process or a saga, without a store: what an instance has taken. Its commands are not executed; they are
 * accepted, unless the test says otherwise.
 *
 * ```ts
 * given(transfer, [inStream('request-t1', made)])
 *   .rejecting('account.deposit', 'account-closed')
 *   .when(withdrawn)
 *   .then([account.command.deposit('b', { cents: 5 }), account.command.deposit('a', { cents: 5 })])
 *   .ended('failed', 'account-closed');
 * given(transfer, [inStream('request-t1', made)]).after(60_000).ended('failed', 'too-late');
 * ```
 */
export function given<TProcess extends AnyProcess>(
  process: TProcess,
  history?: readonly GivenInput[],
  options?: GivenProcessOptions,
): GivenProcess<TProcess>;

export function given(
  subject: AnyAggregate | AnyDecision | AnyProcess,
  history: readonly (NewEvent | GivenEvent | GivenInput)[] = [],
  options: GivenOptions = {},
): unknown {
  if (isProcess(subject)) {
    assertProcessOptions(options);
    assertInstant('now', options.now);
    return givenProcess(subject, history as readonly GivenInput[], options);
  }
  assertOptions('options', options, optionNames);
  assertInstant('now', options.now);
  assertFunction('newId', options.newId);
  if (options.metadata !== undefined) assertObject('an object', 'metadata', options.metadata);
  if (isDecision(subject)) {
    assertList('history', history);
    return givenDecision(subject as AnyDecision, history as readonly GivenEvent[], options);
  }
  assertAggregate('the subject of given', subject);
  assertEach('history', history, assertEvent);
  return givenAggregate(subject as AnyAggregate, history as readonly NewEvent[], options);
}

function isProcess(subject: AnyAggregate | AnyDecision | AnyProcess): subject is AnyProcess {
  return holds(() => 'kind' in subject && subject.kind === 'process');
}

const optionNames: OptionNames<GivenOptions> = { now: true, newId: true, metadata: true };
