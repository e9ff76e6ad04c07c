import { type Kysely, sql } from 'kysely';
import { checkpointsTable } from './checkpoints.ts';
import { type HeldPosition, type ProjectionKey, toHeldPosition } from './row.ts';
import type { LeaseRow } from './schema.ts';

/** A right to advance one checkpoint, as the row knows it. */
export interface HeldLease extends ProjectionKey {
  readonly epoch: number;
}

/** An expression for the end of a lease that begins now, by the database's clock. */
export function leaseEnd(leaseMs: number) {
  return sql`clock_timestamp() + ${leaseMs}::double precision * interval '1 millisecond'`;
}

/**
 * Takes the lease of a projection that nobody holds any more.
 *
 * @returns undefined when it is held, stopped, applied by appends, or just being changed by somebody.
 *
 * SQL: one UPDATE; never waits for a lock. Its commit is durable whatever the server's default is: an epoch that a
 * crash took back could be given to somebody else a second time.
 */
export async function acquireLease(
  db: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
  lease: { readonly owner: string; readonly leaseMs: number },
): Promise<HeldPosition | undefined> {
  const checkpoints = checkpointsTable(schema);
  const { rows } = await sql<LeaseRow>`
    update ${checkpoints} as checkpoint
       set epoch = checkpoint.epoch + 1,
           owner = ${lease.owner},
           lease_until = ${leaseEnd(lease.leaseMs)}
      from (select projection, version, set_config('synchronous_commit', 'on', true)
              from ${checkpoints}
             where projection = ${name}
               and version = ${version}
               and not inline
               and stopped_at is null
               and (lease_until is null or lease_until < clock_timestamp())
               for update skip locked) as free
     where checkpoint.projection = free.projection
       and checkpoint.version = free.version
    returning checkpoint.position::text, checkpoint.epoch::text
  `.execute(db);
  return rows[0] && toHeldPosition(rows[0]);
}

/** Prolongs leases; those that somebody took over stay as they are. SQL: one UPDATE by primary key. */
export async function renewLeases(
  db: Kysely<unknown>,
  schema: string,
  leases: readonly HeldLease[],
  leaseMs: number,
): Promise<void> {
  await sql`
    update ${checkpointsTable(schema)} as checkpoint
       set lease_until = ${leaseEnd(leaseMs)}
      from ${unnestLeases(leases)}
     where checkpoint.projection = held.projection
       and checkpoint.version = held.version
       and checkpoint.epoch = held.epoch
  `.execute(db);
}

/** Gives leases back, so that others need not wait for their end. SQL: one UPDATE by primary key. */
export async function releaseLeases(
  db: Kysely<unknown>,
  schema: string,
  leases: readonly HeldLease[],
): Promise<void> {
  await sql`
    update ${checkpointsTable(schema)} as checkpoint
       set owner = null,
           lease_until = null
      from ${unnestLeases(leases)}
     where checkpoint.projection = held.projection
       and checkpoint.version = held.version
       and checkpoint.epoch = held.epoch
  `.execute(db);
}

function unnestLeases(leases: readonly HeldLease[]) {
  const names = leases.map(({ name }) => name);
  const versions = leases.map(({ version }) => version);
  const epochs = leases.map(({ epoch }) => epoch);
  return sql`unnest(${names}::text[], ${versions}::integer[], ${epochs}::bigint[]) as held (projection, version, epoch)`;
}
