import type { FailedAttempts } from '../status/failed-attempts.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { SchemaConnection } from './schema-connection.ts';
import { columnsOf, unnestRefs } from './subscriptions.ts';

const failureColumns = `failing.failed_position as position, failing.failed_type as type,
                         failing.failed_message as message, failing.attempts`;

/**
 * For each subscription that has keys set aside for a while, one of them: that whose event failed last, if any did. An
 * event that waits for its turn has 0 attempts.
 *
 * SQL: for each subscription one range scan of `parked_keys_resume_at_idx`.
 */
export async function readDueFailures(
  { run, schema }: SchemaConnection,
  refs: readonly SubscriptionRef[],
): Promise<readonly (FailedAttempts & SubscriptionRef)[]> {
  return run<FailedAttempts & SubscriptionRef>({
    name: `leftfold due failures ${schema}`,
    text: `select wanted.name, wanted.version, last.position, last.type, last.message, last.attempts
             from ${unnestRefs}
            cross join lateral (
                  select ${failureColumns}
                    from "${schema}".parked_keys as failing
                   where failing.name = wanted.name
                     and failing.version = wanted.version
                     and failing.resume_at is not null
                   order by failing.attempts = 0, failing.failed_at desc
                   limit 1) as last`,
    values: columnsOf(refs),
  });
}

/**
 * Why an event waits for its next attempt: the failure of its key. Undefined when it does not, or only waits for its turn.
 *
 * SQL: one lookup in `parked_events_position_idx`, and one in `parked_keys_pkey` for each key; the `limit` keeps Postgres
 * from looking at all keys that wait instead.
 */
export async function readDueFailureAt(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  position: number,
): Promise<FailedAttempts | undefined> {
  const [row] = await run<FailedAttempts>({
    name: undefined,
    text: `select ${failureColumns}
             from "${schema}".parked_events as held
            cross join lateral (
                  select one.*
                    from "${schema}".parked_keys as one
                   where one.name = held.name
                     and one.version = held.version
                     and one.slice = held.slice
                     and one.key = held.key
                   limit 1) as failing
            where held.name = $1
              and held.version = $2
              and held.position = $3
              and failing.resume_at is not null
              and failing.attempts > 0
            order by failing.failed_at desc
            limit 1`,
    values: [name, version, position],
  });
  return row;
}
