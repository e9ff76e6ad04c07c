import type { CheckpointStep } from './checkpoint.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Makes a subscription inline: from the transaction's commit on, each append processes its own events and no lease is
 * granted. Call it while no append of the subscription's events can commit, with everything before `to` processed.
 *
 * @returns false when another process has the lease, the checkpoint is not at `from`, or the log has another lineage:
 * roll the transaction back then.
 *
 * SQL: one UPDATE by primary key.
 */
export async function markInline(
  { run, schema }: SchemaConnection,
  { lease, from, to }: CheckpointStep,
): Promise<boolean> {
  const [row] = await run<{ marked: boolean }>({
    name: undefined,
    text: `select "${schema}"._mark_inline($1, $2, $3, $4, $5, $6, $7, $8) as marked`,
    values: [
      lease.name,
      lease.version,
      lease.slice,
      lease.epoch,
      lease.owner,
      from,
      to,
      lease.lineage ?? null,
    ],
  });
  return row?.marked === true;
}
