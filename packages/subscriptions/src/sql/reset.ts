import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import type { HeldLease } from './leases.ts';
import type { NewSubscription } from './subscriptions.ts';
import type { LeaseRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

type SeizedRow = Pick<LeaseRow, 'position' | 'epoch'>;

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
): Promise<SeizedRow | undefined> {
  const [row] = await run<SeizedRow>({
    name: undefined,
    text: `select position, epoch from "${schema}"._seize_lease($1, $2, $3, $4, $5, $6)`,
    values: [name, version, slice, owner, leaseMs, inline],
  });
  return row;
}

/**
 * Sets a checkpoint back to the beginning of the log, gives the row this definition, and ends its lease.
 *
 * @returns false when another process has taken the lease: roll back and start over.
 *
 * SQL: one UPDATE by primary key.
 */
export async function rewindCheckpoint(
  { run, schema }: SchemaConnection,
  { key: { name, version, slice }, declared, definitionHash }: NewSubscription,
  { epoch, owner }: Pick<HeldLease, 'epoch' | 'owner'>,
): Promise<boolean> {
  const [row] = await run<{ rewound: boolean }>({
    name: undefined,
    text: `select "${schema}"._rewind_checkpoint($1, $2, $3, $4, $5, $6, $7) as rewound`,
    values: [name, version, slice, epoch, owner, JSON.stringify(declared), definitionHash],
  });
  return row?.rewound === true;
}
