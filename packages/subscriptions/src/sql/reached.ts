import { EventParkedError, type SubscriptionIdentity } from '@leftfold/core';
import type { EventPlace } from '@leftfold/core/input';
import { hasEventOf, tokenColumns, type TokenRow } from '@leftfold/event-store';
import { numberArray, type Statement } from '@leftfold/postgres';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { asideColumn } from './parked.ts';
import { columnsOf } from './subscriptions.ts';

/** How far a subscription is, and what the log has at a place, in one snapshot. */
export interface ReachedRow extends TokenRow {
  /** That of the slice that is behind the others. */
  readonly position: number;
  /** True when appends process the events: it has processed every position. */
  readonly inline: boolean;
  readonly definition_hash: string;
  /** Whether the event at the place was set aside: until it is resumed, or for a while. */
  readonly aside: 'parked' | 'due' | null;
}

/** A subscription, and the place in the log that it has to reach. */
export interface WantedPlace {
  readonly ref: SubscriptionRef;
  readonly place: EventPlace;
}

/** A row about one of the wanted places, by its number from 1. */
export interface NumberedReachedRow extends ReachedRow {
  readonly number: number;
}

/** SQL: one SELECT; for each place one index scan by the primary key of each table. No row for one that has no subscription. */
export function reachedStatement(schema: string, wanted: readonly WantedPlace[]): Statement {
  return {
    name: `leftfold reached ${schema}`,
    text: `select wanted.number, slices.position, slices.inline, slices.definition_hash,
                  ${tokenColumns(schema, 'wanted.place')},
                  ${asideColumn(schema, { name: 'wanted.name', version: 'wanted.version', position: 'wanted.place' })}
             from unnest($1::text[], $2::integer[], $3::bigint[]) with ordinality
                  as wanted (name, version, place, number)
            cross join lateral (
                    select min(subscription.position) as position, bool_and(subscription.inline) as inline,
                           min(subscription.definition_hash) as definition_hash
                      from "${schema}".subscriptions as subscription
                     where subscription.name = wanted.name
                       and subscription.version = wanted.version
                  ) as slices
            where slices.position is not null`,
    values: [
      ...columnsOf(wanted.map(({ ref }) => ref)),
      numberArray(wanted.map(({ place }) => place.position)),
    ],
  };
}

/**
 * @throws LogRewoundError when the log does not have the event of the place, and it cannot still appear
 * @throws EventParkedError when it was set aside
 */
export function hasReached(identity: SubscriptionIdentity, place: EventPlace, row: ReachedRow): boolean {
  const hasEvent = hasEventOf(place, row, row.position);
  if (row.aside === 'parked') throw new EventParkedError(identity, { position: place.position });
  return hasEvent && row.aside === null && (row.inline || row.position >= place.position);
}
