import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import { numberArray } from '@leftfold/postgres';
import type { NewSubscription } from './subscriptions.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** The lease of one slice. */
export interface SeizedLease {
  readonly slice: number;
  readonly epoch: number;
}

/**
 * Takes the leases of all slices of a subscription from any owner. What the former owners have not committed is fenced.
 *
 * @param inline whether the subscription is inline now; if so, appends must be kept from processing its events.
 * @returns none when there is no row, or `inline` is not as given.
 *
 * SQL: one UPDATE; waits for transactions that are changing a row.
 */
export async function seizeLease(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
  { owner, leaseMs, inline }: { readonly owner: string; readonly leaseMs: number; readonly inline: boolean },
): Promise<readonly SeizedLease[]> {
  return run<SeizedLease>({
    name: undefined,
    text: `select slice, epoch from "${schema}"._seize_lease($1, $2, $3, $4, $5)`,
    values: [name, version, owner, leaseMs, inline],
  });
}

/**
 * Sets the checkpoints of all slices back to a position, gives the rows this definition, and ends their leases. What was
 * set aside after the position comes again.
 *
 * @returns false when another process has taken a lease, or the slices are others: roll back and start over.
 *
 * SQL: one UPDATE by the primary key's beginning.
 */
export async function rewindCheckpoint(
  { run, schema }: SchemaConnection,
  { ref: { name, version }, declared, definitionHash }: NewSubscription,
  {
    owner,
    leases,
    to,
  }: { readonly owner: string; readonly leases: readonly SeizedLease[]; readonly to: number },
): Promise<boolean> {
  const [row] = await run<{ rewound: boolean }>({
    name: undefined,
    text: `select "${schema}"._rewind_checkpoint($1, $2, $3::integer[], $4::bigint[], $5, $6, $7, $8) as rewound`,
    values: [
      name,
      version,
      numberArray(leases.map(({ slice }) => slice)),
      numberArray(leases.map(({ epoch }) => epoch)),
      owner,
      JSON.stringify(declared),
      definitionHash,
      to,
    ],
  });
  return row?.rewound === true;
}
