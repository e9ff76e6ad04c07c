import type { FailedAttempts } from '../status/failed-attempts.ts';
import type { SubscriptionRef } from '../subscription/subscription-key.ts';
import type { HeldLease } from './leases.ts';
import type { StoredFailure } from './row.ts';
import type { SchemaConnection } from './schema-connection.ts';
import { storableMessage } from './storable-message.ts';

/** A failure as one release meets it. */
export interface NewFailure extends Omit<StoredFailure, 'releases'> {
  readonly release: string;
}

/**
 * Stops a subscription at a failure and ends its lease. Another release may take the lease and try again. Does nothing
 * when another process has taken the lease, or the log has another lineage.
 *
 * SQL: one UPDATE by primary key.
 */
export async function stopSubscription(
  { run, schema }: SchemaConnection,
  { name, version, slice, epoch, owner, lineage }: HeldLease,
  { position, type, message, outdated, release }: NewFailure,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._stop_subscription($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)`,
    values: [
      name,
      version,
      slice,
      epoch,
      owner,
      position ?? null,
      type ?? null,
      storableMessage(message),
      outdated,
      release,
      lineage ?? null,
    ],
  });
}

/**
 * Records what failed and is tried again, for as long as the checkpoint is at a position. Does nothing when it is
 * elsewhere, or another process has taken the lease.
 *
 * SQL: one UPDATE by primary key.
 */
export async function recordAttempt(
  { run, schema }: SchemaConnection,
  { name, version, slice, epoch, owner }: HeldLease,
  from: number,
  { position, type, message, attempts }: FailedAttempts,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._record_attempt($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
    values: [
      name,
      version,
      slice,
      epoch,
      owner,
      from,
      position ?? null,
      type ?? null,
      storableMessage(message),
      attempts,
    ],
  });
}

/**
 * Lets a subscription that is paused, and slices that are stopped, continue where they are.
 *
 * @returns false when it has no row.
 *
 * SQL: one UPDATE by the primary key's beginning.
 */
export async function resumeSubscription(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
): Promise<boolean> {
  const [row] = await run<{ resumed: boolean }>({
    name: undefined,
    text: `select "${schema}"._resume_subscription($1, $2) as resumed`,
    values: [name, version],
  });
  return row?.resumed === true;
}

/**
 * Ends the leases of a subscription, and lets none be granted until it is resumed.
 *
 * @returns false when it has no row.
 *
 * SQL: one UPDATE by the primary key's beginning; waits for transactions that change a row.
 */
export async function pauseSubscription(
  { run, schema }: SchemaConnection,
  { name, version }: SubscriptionRef,
): Promise<boolean> {
  const [row] = await run<{ paused: boolean }>({
    name: undefined,
    text: `select "${schema}"._pause_subscription($1, $2) as paused`,
    values: [name, version],
  });
  return row?.paused === true;
}
