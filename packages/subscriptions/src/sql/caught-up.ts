import type { HeldLease } from './leases.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Records that a subscription has reached the high-water mark.
 *
 * @returns false when another process has the lease, or the log has another lineage.
 *
 * SQL: one UPDATE by primary key, in `_mark_caught_up`.
 */
export async function markCaughtUp(
  { run, schema }: SchemaConnection,
  { name, version, slice, epoch, owner, lineage }: HeldLease,
): Promise<boolean> {
  const [row] = await run<{ marked: boolean }>({
    name: undefined,
    text: `select "${schema}"._mark_caught_up($1, $2, $3, $4, $5, $6) as marked`,
    values: [name, version, slice, epoch, owner, lineage ?? null],
  });
  return row?.marked === true;
}
