import type { SubscriptionKey, SubscriptionRef } from '../subscription/subscription-key.ts';
import type { SchemaConnection } from './schema-connection.ts';
import { columnsOf, unnestRefs } from './subscriptions.ts';

/** How long a checkpoint has not moved. */
export interface Standstill extends SubscriptionKey {
  /** Milliseconds for which an event waits that is committed, and the checkpoint did not move. */
  readonly still_ms: number;
}

/**
 * How long each checkpoint has not moved though events wait. Without a waiting event a slice has no row.
 *
 * SQL: one SELECT by primary key, with one index lookup in the log for each slice; takes no locks.
 */
export async function readStandstills(
  { run, schema }: SchemaConnection,
  refs: readonly SubscriptionRef[],
): Promise<readonly Standstill[]> {
  return run<Standstill>({
    name: `leftfold read standstills ${schema}`,
    text: `select subscription.name,
                  subscription.version,
                  subscription.slice,
                  (extract(epoch from clock_timestamp() - greatest(subscription.advanced_at, waiting.recorded_at))
                   * 1000)::double precision as still_ms
             from ${unnestRefs}
             join "${schema}".subscriptions as subscription
               on subscription.name = wanted.name
              and subscription.version = wanted.version
            cross join lateral (
                    select event.recorded_at
                      from "${schema}".events as event
                     where event.position > subscription.position
                     order by event.position
                     limit 1
                  ) as waiting`,
    values: columnsOf(refs),
  });
}
