import type { HeldLease } from './leases.ts';
import type { SchemaConnection } from './schema-connection.ts';

/**
 * Records that a subscription has reached the high-water mark. Does nothing when another process has the lease.
 *
 * SQL: one UPDATE by primary key, in `_mark_caught_up`.
 */
export async function markCaughtUp(
  { run, schema }: SchemaConnection,
  { name, version, slice, epoch }: HeldLease,
): Promise<void> {
  await run({
    name: undefined,
    text: `select "${schema}"._mark_caught_up($1, $2, $3, $4)`,
    values: [name, version, slice, epoch],
  });
}
