import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import { leaseEnd } from './leases.ts';
import type { LeaseRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Takes the lease of a subscription from any owner. What the former owner has not committed is fenced.
 *
 * @param inline whether the subscription is inline now; if so, appends must be kept from processing its events.
 * @returns undefined when there is no row, or `inline` is not as given.
 *
 * SQL: one UPDATE; waits for a transaction that is changing the row.
 */
export async function seizeLease(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  { owner, leaseMs, inline }: { readonly owner: string; readonly leaseMs: number; readonly inline: boolean },
): Promise<LeaseRow | undefined> {
  const [row] = await run<LeaseRow>({
    name: undefined,
    text: `update "${schema}".subscriptions
              set epoch = epoch + 1,
                  owner = $5,
                  lease_until = ${leaseEnd('$6')}
            where name = $1
              and version = $2
              and slice = $3
              and inline = $4
           returning position, epoch`,
    values: [name, version, slice, inline, owner, leaseMs],
  });
  return row;
}

/**
 * Sets a checkpoint back to the beginning of the log and ends its lease.
 *
 * @returns false when another process has taken the lease: roll back and start over.
 *
 * SQL: one UPDATE by primary key.
 */
export async function rewindCheckpoint(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  epoch: number,
): Promise<boolean> {
  const rows = await run({
    name: undefined,
    text: `update "${schema}".subscriptions
              set position = 0,
                  inline = false,
                  owner = null,
                  lease_until = null,
                  stopped_at = null,
                  failed_position = null,
                  failed_type = null,
                  failed_message = null
            where name = $1
              and version = $2
              and slice = $3
              and epoch = $4
           returning name`,
    values: [name, version, slice, epoch],
  });
  return rows.length > 0;
}
