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

/** The end of a lease that begins now, by the database's clock. */
export const leaseEnd = (leaseMs: string) =>
  `clock_timestamp() + ${leaseMs}::double precision * interval '1 millisecond'`;

/**
 * Takes the lease of a subscription if no process holds it.
 *
 * @returns undefined when the lease is held, the subscription is stopped or inline, or another transaction is changing
 * its row.
 *
 * SQL: one UPDATE; never waits for a lock. Its commit is durable whatever the server's default is: an epoch that a
 * crash undid could be given to two owners.
 */
export async function acquireLease(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  { owner, leaseMs }: { readonly owner: string; readonly leaseMs: number },
): Promise<LeaseRow | undefined> {
  const [row] = await run<LeaseRow>({
    name: undefined,
    text: `update "${schema}".subscriptions as subscription
              set epoch = subscription.epoch + 1,
                  owner = $4,
                  lease_until = ${leaseEnd('$5')}
             from (select name, version, slice, set_config('synchronous_commit', 'on', true)
                     from "${schema}".subscriptions
                    where name = $1
                      and version = $2
                      and slice = $3
                      and not inline
                      and stopped_at is null
                      and (lease_until is null or lease_until < clock_timestamp())
                      for update skip locked) as free
            where subscription.name = free.name
              and subscription.version = free.version
              and subscription.slice = free.slice
           returning subscription.position, subscription.epoch`,
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
    text: `update "${schema}".subscriptions as subscription
              set lease_until = ${leaseEnd('$5')}
             ${fromHeld}`,
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
    text: `update "${schema}".subscriptions as subscription
              set owner = null,
                  lease_until = null
             ${fromHeld}`,
    values: columnsOf(leases),
  });
}

const fromHeld = `
  from unnest($1::text[], $2::integer[], $3::integer[], $4::bigint[]) as held (name, version, slice, epoch)
 where subscription.name = held.name
   and subscription.version = held.version
   and subscription.slice = held.slice
   and subscription.epoch = held.epoch`;

function columnsOf(leases: readonly HeldLease[]): readonly unknown[] {
  return [
    textArray(leases.map(({ name }) => name)),
    numberArray(leases.map(({ version }) => version)),
    numberArray(leases.map(({ slice }) => slice)),
    numberArray(leases.map(({ epoch }) => epoch)),
  ];
}
