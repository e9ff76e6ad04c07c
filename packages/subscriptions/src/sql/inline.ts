import type { CheckpointStep } from './checkpoint.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Makes a subscription inline: from the transaction's commit on, each append processes its own events and no lease is
 * granted. Call it while no append of the subscription's events can commit, with everything before `to` processed.
 *
 * @returns false when another process has the lease, or the checkpoint is not at `from`: roll the transaction back then.
 *
 * SQL: one UPDATE by primary key.
 */
export async function markInline(
  { run, schema }: SchemaConnection,
  { lease, from, to }: CheckpointStep,
): Promise<boolean> {
  const rows = await run({
    name: undefined,
    text: `update "${schema}".subscriptions
              set inline = true,
                  position = $6,
                  owner = null,
                  lease_until = null
            where name = $1
              and version = $2
              and slice = $3
              and position = $4
              and epoch = $5
           returning name`,
    values: [lease.name, lease.version, lease.slice, from, lease.epoch, to],
  });
  return rows.length > 0;
}
