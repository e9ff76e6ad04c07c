import { numberArray, textArray } from '@leftfold/postgres';
import type { SubscriptionKey } from '../subscription/subscription-key.ts';
import type { ParkingChanges } from './parking-change.ts';
import type { LeaseRow } from './schema.ts';
import type { SchemaConnection } from './schema-connection.ts';

/** The right to advance one checkpoint, as the row of the subscription states it. */
export interface HeldLease extends SubscriptionKey {
  readonly epoch: number;
  /** The process that took it. After the log went back, another process can have the same epoch. */
  readonly owner: string;
  /** The lineage of the log in which the events of the batch were read: nothing is written in another one. @default any */
  readonly lineage?: string | undefined;
  /** How long the lease lasts after each batch or renewal, in milliseconds. */
  readonly leaseMs: number;
  /** What a batch does with parked keys, in the transaction of its checkpoint. @default nothing */
  readonly parking?: ParkingChanges | undefined;
  /** Ends the transaction of a batch: the lease is lost, or the batch was given up. */
  readonly signal?: AbortSignal | undefined;
}

/** The process that takes a lease, and the code that it runs. */
export interface LeaseRequester {
  readonly owner: string;
  readonly leaseMs: number;
  readonly definitionHash: string;
  readonly release: string;
  /** Whether it makes the subscription inline: then it also takes the lease of an owner that does not. */
  readonly promotes: boolean;
}

/**
 * Takes the lease of a subscription if no process holds it. One that is stopped is tried again by a release that has not
 * failed at its event.
 *
 * @returns undefined when the lease is held, the subscription has another definition, is stopped for this release or
 * inline, or another transaction is changing its row.
 *
 * SQL: one UPDATE, in `_acquire_lease`; never waits for a lock. Its commit is durable.
 */
export async function acquireLease(
  { run, schema }: SchemaConnection,
  { name, version, slice }: SubscriptionKey,
  { owner, leaseMs, definitionHash, release, promotes }: LeaseRequester,
): Promise<LeaseRow | undefined> {
  const [row] = await run<LeaseRow>({
    name: undefined,
    text: `select position, epoch, caught_up, demoted_ms
             from "${schema}"._acquire_lease($1, $2, $3, $4, $5, $6, $7, $8)`,
    values: [name, version, slice, owner, leaseMs, definitionHash, release, promotes],
    answerMs: leaseMs,
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
    text: `select "${schema}"._renew_leases($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::text[], $6)`,
    values: [...columnsOf(leases), leaseMs],
    answerMs: leaseMs,
  });
}

/** Ends leases, so that other processes need not wait until they expire. SQL: one UPDATE by primary key. */
export async function releaseLeases(
  { run, schema }: SchemaConnection,
  leases: readonly HeldLease[],
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._release_leases($1::text[], $2::integer[], $3::integer[], $4::bigint[], $5::text[])`,
    values: columnsOf(leases),
  });
}

function columnsOf(leases: readonly HeldLease[]): readonly unknown[] {
  return [
    textArray(leases.map(({ name }) => name)),
    numberArray(leases.map(({ version }) => version)),
    numberArray(leases.map(({ slice }) => slice)),
    numberArray(leases.map(({ epoch }) => epoch)),
    textArray(leases.map(({ owner }) => owner)),
  ];
}
