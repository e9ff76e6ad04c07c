import { type Kysely, type RawBuilder, sql } from 'kysely';
import type { HeldLease } from './leases.ts';
import { parkingAsJson } from './parking-change.ts';

/** A move of a checkpoint: where it has to be, and where it goes. */
export interface CheckpointStep {
  readonly lease: HeldLease;
  readonly from: number;
  readonly to: number;
}

/**
 * Moves the checkpoint and extends the lease, and has a row if it did: only while the lease has this epoch and owner,
 * the checkpoint is where this owner left it, and the log has the lease's lineage. This fences a former owner. What the
 * batch does with parked keys is written with it.
 *
 * Part of a `with` clause of {@link advanceCheckpoint}, and of statements whose text depends on a table's definition:
 * therefore written with kysely, unlike the others of this package.
 */
export function checkpointUpdate(schema: string, { lease, from, to }: CheckpointStep): RawBuilder<unknown> {
  const parking = parkingAsJson(lease.parking?.changeOf(from, to));
  return sql`
    select advanced.position
      from ${sql.id(schema, '_advance_checkpoint')}(
             ${lease.name}, ${lease.version}, ${lease.slice}, ${lease.epoch}, ${lease.owner}, ${from}, ${to},
             ${lease.leaseMs}, ${lease.lineage ?? null}, ${parking}::jsonb
           ) as advanced (position)
     where advanced.position is not null
  `;
}

/**
 * Moves a checkpoint. The last statement of a batch's transaction, or the only one of a batch without events.
 *
 * @param record a call of a function that is made only when the checkpoint moves. @default none
 * @returns false when another process has the lease, the checkpoint is not at `from`, or the log has another lineage:
 * roll the transaction back then.
 *
 * SQL: one UPDATE by primary key, in `_advance_checkpoint`. The commit need not be durable: after a crash the checkpoint and what the handler
 * wrote go back together, to an earlier position of a log that is durable.
 */
export async function advanceCheckpoint(
  db: Kysely<unknown>,
  schema: string,
  step: CheckpointStep,
  record?: RawBuilder<unknown>,
): Promise<boolean> {
  // In the select list it is called for each row of `advanced`: not at all, or once.
  const recorded = record === undefined ? sql`` : sql`, ${record}`;
  const { rows } = await sql`
    with advanced as (${checkpointUpdate(schema, step)})
    select pg_catalog.set_config('synchronous_commit', 'off', true) ${recorded} from advanced
  `.execute(db);
  return rows.length > 0;
}
