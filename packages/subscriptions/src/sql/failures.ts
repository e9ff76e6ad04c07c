import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import type { HeldLease } from './leases.ts';
import type { StoredFailure } from './row.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** Longest failure message that is stored, in characters. */
const MAX_MESSAGE_LENGTH = 2_000;

/**
 * Stops a subscription at a failure and ends its lease. Does nothing when another process has taken the lease.
 *
 * SQL: one UPDATE by primary key.
 */
export async function stopSubscription(
  { run, schema }: SchemaConnection,
  { name, version, slice, epoch }: HeldLease,
  { position, type, message }: StoredFailure,
): Promise<void> {
  await run({
    name: undefined,
    text: `update "${schema}".subscriptions
              set stopped_at = clock_timestamp(),
                  failed_position = $5,
                  failed_type = $6,
                  failed_message = $7,
                  owner = null,
                  lease_until = null
            where name = $1
              and version = $2
              and slice = $3
              and epoch = $4`,
    values: [name, version, slice, epoch, position ?? null, type ?? null, storable(message)],
  });
}

/**
 * Lets a stopped subscription continue at the event where it stopped.
 *
 * @returns false when it has no row.
 *
 * SQL: one UPDATE by primary key.
 */
export async function resumeSubscription(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
): Promise<boolean> {
  const rows = await run({
    name: undefined,
    text: `update "${schema}".subscriptions
              set stopped_at = null,
                  failed_position = null,
                  failed_type = null,
                  failed_message = null
            where name = $1
              and version = $2
              and slice = $3
           returning name`,
    values: [name, version, slice],
  });
  return rows.length > 0;
}

/** Postgres text cannot hold NUL. */
function storable(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH).replaceAll('\u0000', '');
}
