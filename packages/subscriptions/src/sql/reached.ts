import type { EventPlace } from '@leftfold/core/input';
import { hasEventOf, tokenColumns, type TokenRow } from '@leftfold/event-store';
import type { Statement } from '@leftfold/postgres';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';

/** How far a subscription is, and what the log has at a place, in one snapshot. */
export interface ReachedRow extends TokenRow {
  readonly position: number;
  /** True when appends process the events: it has processed every position. */
  readonly inline: boolean;
}

/** SQL: one SELECT by primary key, with two index scans of `events_pkey`. No row when the subscription has none. */
export function reachedStatement(
  schema: string,
  { name, version, slice }: SubscriptionKey,
  { position }: EventPlace,
): Statement {
  return {
    name: `leftfold reached ${schema}`,
    text: `select position, inline, ${tokenColumns(schema, '$4')}
             from "${schema}".subscriptions
            where name = $1
              and version = $2
              and slice = $3`,
    values: [name, version, slice, position],
  };
}

/** @throws LogRewoundError when the log does not have the event of the place, and it cannot still appear */
export function hasReached(place: EventPlace, row: ReachedRow): boolean {
  const hasEvent = hasEventOf(place, row, row.position);
  return hasEvent && (row.inline || row.position >= place.position);
}
