import { type Kysely, sql } from 'kysely';
import { checkpointsTable } from './checkpoints.ts';
import { type HeldLease, leaseEnd } from './leases.ts';

/** A step of a checkpoint: from where it must be to where it goes. */
export interface Advance {
  readonly lease: HeldLease;
  readonly leaseMs: number;
  readonly from: number;
  readonly to: number;
}

/**
 * The UPDATE that fences: it finds its row only while nobody else took over and the checkpoint is where this owner
 * left it, and prolongs the lease.
 */
export function advanceUpdate(schema: string, { lease, leaseMs, from, to }: Advance) {
  return sql`
    update ${checkpointsTable(schema)}
       set position = ${to},
           lease_until = ${leaseEnd(leaseMs)}
     where projection = ${lease.name}
       and version = ${lease.version}
       and position = ${from}
       and epoch = ${lease.epoch}
    returning position
  `;
}

/**
 * Moves a checkpoint on; the last statement of a batch's transaction, or all of a batch that has no events.
 *
 * @returns false when the lease is somebody else's, or the checkpoint is not at `from`: the transaction must then be
 * rolled back.
 *
 * SQL: one UPDATE by primary key. The commit need not be durable: after a crash the checkpoint and the read model go
 * back together, to an earlier position of a log that is durable.
 */
export async function advanceCheckpoint(
  db: Kysely<unknown>,
  schema: string,
  advance: Advance,
): Promise<boolean> {
  const { rows } = await sql`
    with advanced as (${advanceUpdate(schema, advance)})
    select set_config('synchronous_commit', 'off', true) from advanced
  `.execute(db);
  return rows.length > 0;
}

/**
 * Prepares the transaction of a batch: a process that is paused inside it must not hold its locks beyond its lease.
 *
 * SQL: one SELECT; the setting ends with the transaction.
 */
export async function limitIdleTime(tx: Kysely<unknown>, leaseMs: number): Promise<void> {
  await sql`select set_config('idle_in_transaction_session_timeout', ${String(leaseMs)}, true)`.execute(tx);
}
