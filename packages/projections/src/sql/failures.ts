import { type Kysely, sql } from 'kysely';
import { checkpointsTable } from './checkpoints.ts';
import type { HeldLease } from './leases.ts';
import type { ProjectionKey, StoredFailure } from './row.ts';

/** Longest failure message that is kept, in characters. */
const MAX_MESSAGE_LENGTH = 2_000;

/**
 * Stops a projection at a failure and gives its lease back.
 *
 * @returns false when the lease is somebody else's already.
 *
 * SQL: one UPDATE by primary key.
 */
export async function stopProjection(
  db: Kysely<unknown>,
  schema: string,
  lease: HeldLease,
  { position, type, message }: StoredFailure,
): Promise<boolean> {
  const { rows } = await sql`
    update ${checkpointsTable(schema)}
       set stopped_at = clock_timestamp(),
           failed_position = ${position ?? null},
           failed_type = ${type ?? null},
           failed_message = ${storable(message)},
           owner = null,
           lease_until = null
     where projection = ${lease.name}
       and version = ${lease.version}
       and epoch = ${lease.epoch}
    returning projection
  `.execute(db);
  return rows.length > 0;
}

/** Lets a stopped projection go on where it stopped. SQL: one UPDATE. @returns false when it has no checkpoint */
export async function resumeProjection(
  db: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
): Promise<boolean> {
  const { rows } = await sql`
    update ${checkpointsTable(schema)}
       set stopped_at = null,
           failed_position = null,
           failed_type = null,
           failed_message = null
     where projection = ${name}
       and version = ${version}
    returning projection
  `.execute(db);
  return rows.length > 0;
}

/** Postgres text has no NUL. */
function storable(message: string): string {
  return message.slice(0, MAX_MESSAGE_LENGTH).replaceAll('\u0000', '');
}
