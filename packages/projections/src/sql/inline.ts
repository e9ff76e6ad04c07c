import { type Kysely, sql } from 'kysely';
import { checkpointsTable } from './checkpoints.ts';
import type { HeldLease } from './leases.ts';
import type { ProjectionKey } from './row.ts';

/**
 * Which of these projections the transaction's append has to apply itself.
 *
 * SQL: one call of `inline_projections`, which holds a shared advisory lock until the transaction ends, so that none
 * begins or ceases to be one of them meanwhile. Needs read committed.
 */
export async function inlineProjectionsOf(
  tx: Kysely<unknown>,
  schema: string,
  projections: readonly ProjectionKey[],
): Promise<ReadonlySet<string>> {
  const names = projections.map(({ name }) => name);
  const versions = projections.map(({ version }) => version);
  const { rows } = await sql<{ names: string | null }>`
    select ${sql.id(schema, 'inline_projections')}(${names}::text[], ${versions}::integer[]) as names
  `.execute(tx);
  return new Set(rows[0]?.names?.split(','));
}

/**
 * Waits until every append that asked for its inline projections has ended, and lets none ask until this transaction
 * ends.
 *
 * SQL: two statements and an exclusive advisory lock; appends wait behind it, so it is not waited for longer than
 * `timeoutMs`.
 */
export async function holdInlineProjections(
  tx: Kysely<unknown>,
  schema: string,
  timeoutMs: number,
): Promise<void> {
  await sql`select set_config('lock_timeout', ${String(timeoutMs)}, true)`.execute(tx);
  await sql`select ${sql.id(schema, 'hold_inline_projections')}()`.execute(tx);
}

/**
 * Hands a projection over to the appends: from the transaction's commit on they apply it.
 *
 * @returns false when the lease is somebody else's, or the checkpoint is not at `from`.
 *
 * SQL: one UPDATE by primary key; only under {@link holdInlineProjections}.
 */
export async function beginInline(
  tx: Kysely<unknown>,
  schema: string,
  lease: HeldLease,
  { from, to }: { readonly from: number; readonly to: number },
): Promise<boolean> {
  const { rows } = await sql`
    update ${checkpointsTable(schema)}
       set inline = true,
           position = ${to},
           owner = null,
           lease_until = null
     where projection = ${lease.name}
       and version = ${lease.version}
       and position = ${from}
       and epoch = ${lease.epoch}
    returning projection
  `.execute(tx);
  return rows.length > 0;
}
