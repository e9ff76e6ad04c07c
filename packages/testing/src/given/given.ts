import type { AnyAggregate, AnyDecision, NewEvent } from '@leftfold/core';
import {
  assertAggregate,
  assertEach,
  assertEvent,
  assertFunction,
  assertInstant,
  assertMembers,
  assertObject,
  assertOptions,
  isDecision,
  type OptionNames,
} from '@leftfold/core/input';
import type { GivenOptions } from './decision-context.ts';
import { type GivenAggregate, givenAggregate, type HistoryEventOf } from './given-aggregate.ts';
import { type GivenDecision, givenDecision, type HistoriesByRole } from './given-decision.ts';

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
 * Starts a test of a decision over several aggregates: the history of each, by role.
 *
 * ```ts
 * given(transfer, { from: [opened, deposited], to: [opened] })
 *   .when(transfer.command({ from: 'a', to: 'b' }, { cents: 5 }))
 *   .then({ from: [withdrawn], to: [deposited] });
 * ```
 */
export function given<TDecision extends AnyDecision>(
  decision: TDecision,
  histories?: HistoriesByRole<TDecision>,
  options?: GivenOptions,
): GivenDecision<TDecision>;

export function given(
  subject: AnyAggregate | AnyDecision,
  history?: readonly NewEvent[] | Histories,
  options: GivenOptions = {},
): unknown {
  assertOptions('options', options, optionNames);
  assertInstant('now', options.now);
  assertFunction('newId', options.newId);
  if (options.metadata !== undefined) assertObject('an object', 'metadata', options.metadata);
  if (isDecision(subject)) {
    const histories = history ?? {};
    assertMembers('history', histories, 'an object with a history for each role', assertHistory);
    // A role without events may be left out, and what is no role is refused there.
    return givenDecision(subject as AnyDecision, histories, options);
  }
  assertAggregate('the subject of given', subject);
  assertHistory('history', history);
  return givenAggregate(subject as AnyAggregate, (history ?? []) as readonly NewEvent[], options);
}

type Histories = Readonly<Record<string, readonly NewEvent[] | undefined>>;

const optionNames: OptionNames<GivenOptions> = { now: true, newId: true, metadata: true };

function assertHistory(argument: string, history: unknown): void {
  if (history !== undefined) assertEach(argument, history, assertEvent);
}
