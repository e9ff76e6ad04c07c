import { type Kysely, sql } from 'kysely';
import { type Checkpoint, type ProjectionKey, toCheckpoint } from './row.ts';
import type { CheckpointRow } from './schema.ts';

export function checkpointsTable(schema: string) {
  return sql.id(schema, 'checkpoints');
}

/** Makes the checkpoint of a projection that has none, at the beginning of the log. SQL: one INSERT. */
export async function registerCheckpoint(
  db: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
): Promise<void> {
  await sql`
    insert into ${checkpointsTable(schema)} (projection, version)
    values (${name}, ${version})
    on conflict (projection, version) do nothing
  `.execute(db);
}

/**
 * The checkpoints of these projections, those that exist.
 *
 * SQL: one SELECT by primary key; takes no locks.
 */
export async function readCheckpoints(
  db: Kysely<unknown>,
  schema: string,
  projections: readonly ProjectionKey[],
): Promise<readonly Checkpoint[]> {
  const names = projections.map(({ name }) => name);
  const versions = projections.map(({ version }) => version);
  const { rows } = await sql<CheckpointRow>`
    select checkpoint.projection,
           checkpoint.version,
           checkpoint.position::text,
           checkpoint.epoch::text,
           checkpoint.owner,
           coalesce(checkpoint.lease_until > clock_timestamp(), false) as leased,
           checkpoint.inline,
           checkpoint.stopped_at is not null as stopped,
           checkpoint.failed_position::text,
           checkpoint.failed_type,
           checkpoint.failed_message
      from unnest(${names}::text[], ${versions}::integer[]) as wanted (projection, version)
      join ${checkpointsTable(schema)} as checkpoint
        on checkpoint.projection = wanted.projection
       and checkpoint.version = wanted.version
  `.execute(db);
  return rows.map(toCheckpoint);
}

/** Waits for whoever changes the checkpoint now, and lets nobody else until the transaction ends. SQL: a row lock. */
export async function lockCheckpoint(
  tx: Kysely<unknown>,
  schema: string,
  { name, version }: ProjectionKey,
): Promise<void> {
  await sql`
    select from ${checkpointsTable(schema)}
     where projection = ${name}
       and version = ${version}
       for update
  `.execute(tx);
}
