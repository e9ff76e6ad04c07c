import { numberArray, textArray } from '@leftfold/postgres';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import type { LeaseRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** The right to advance one checkpoint, as the row of the subscription states it. */
export interface HeldLease extends SubscriptionKey {
  readonly epoch: number;
  /** How long the lease lasts after each batch or renewal, in milliseconds. */
  readonly leaseMs: number;
}

/**
 * Takes the lease of a subscription if no process holds it.
 *
 * @returns undefined when the lease is held, the subscription is stopped or inline, or another transaction is changing
 * its row.
 *
 * SQL: one UPDATE, in `_acquire_lease`; never waits for a lock. Its commit is durable.
 */
export async function acquireLease(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
): Promise<LeaseRow | undefined> {
  const [row] = await run<LeaseRow>({
    name: undefined,
    text: `select position, epoch from "${schema}"._acquire_lease($1, $2, $3, $4, $5)`,
    values: [name, version, slice, owner, leaseMs],
  });
  return row;
}

/** Extends leases, except those that another process has taken. SQL: one UPDATE by primary key. */
export async function renewLeases(
  { run, schema }: SchemaConnection,
  leases: readonly HeldLease[],
  leaseMs: number,
): Promise<void> {
  await run({
    name: `leftfold renew leases ${schema}`,
    text: `select "${schema}"._renew_leases($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5)`,
    values: [...columnsOf(leases), leaseMs],
  });
}

/** Ends leases, so that other processes need not wait until they expire. SQL: one UPDATE by primary key. */
export async function releaseLeases(
  { run, schema }: SchemaConnection,
  leases: readonly HeldLease[],
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._release_leases($1::text[], $2::integer[], $3::integer[], $4::bigint[])`,
    values: columnsOf(leases),
  });
}

function columnsOf(leases: readonly HeldLease[]): readonly unknown[] {
  return [
    textArray(leases.map(({ name }) => name)),
    numberArray(leases.map(({ version }) => version)),
    numberArray(leases.map(({ slice }) => slice)),
    numberArray(leases.map(({ epoch }) => epoch)),
  ];
}
