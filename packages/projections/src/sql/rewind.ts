import { type Kysely, sql } from 'kysely';
import { checkpointsTable } from './checkpoints.ts';
import { leaseEnd } from './leases.ts';
import { type HeldPosition, type ProjectionKey, toHeldPosition } from './row.ts';
import type { LeaseRow } from './schema.ts';

/**
 * Takes a projection away from whoever applies it, appends included: what they have not committed is fenced.
 *
 * @param inline whether appends apply it now; when they do, only under `holdInlineProjections`.
 * @returns undefined when there is no checkpoint, or it is the other way round.
 *
 * SQL: one UPDATE; waits for a commit that is under way.
 */
export async function seizeLease(
  db: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
  { owner, leaseMs, inline }: { readonly owner: string; readonly leaseMs: number; readonly inline: boolean },
): Promise<HeldPosition | undefined> {
  const { rows } = await sql<LeaseRow>`
    update ${checkpointsTable(schema)}
       set epoch = epoch + 1,
           owner = ${owner},
           lease_until = ${leaseEnd(leaseMs)}
     where projection = ${name}
       and version = ${version}
       and inline = ${inline}
    returning position::text, epoch::text
  `.execute(db);
  return rows[0] && toHeldPosition(rows[0]);
}

/**
 * Sends a checkpoint back to the beginning of the log and gives its lease back.
 *
 * @returns false when somebody else took the lease meanwhile: roll back and begin again.
 */
export async function rewindCheckpoint(
  tx: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
  epoch: number,
): Promise<boolean> {
  const { rows } = await sql`
    update ${checkpointsTable(schema)}
       set position = 0,
           inline = false,
           owner = null,
           lease_until = null,
           stopped_at = null,
           failed_position = null,
           failed_type = null,
           failed_message = null
     where projection = ${name}
       and version = ${version}
       and epoch = ${epoch}
    returning projection
  `.execute(tx);
  return rows.length > 0;
}
