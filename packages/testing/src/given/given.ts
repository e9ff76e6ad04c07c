import type { AnyAggregate, AnyDecision, NewEvent } from '@leftfold/core';
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
  history?: readonly NewEvent[] | Readonly<Record<string, readonly NewEvent[] | undefined>>,
  options: GivenOptions = {},
): unknown {
  if ('aggregates' in subject) return givenDecision(subject, isByRole(history) ? history : {}, options);
  return givenAggregate(subject, isByRole(history) ? [] : (history ?? []), options);
}

function isByRole(history: unknown): history is Readonly<Record<string, readonly NewEvent[] | undefined>> {
  return typeof history === 'object' && !Array.isArray(history);
}
