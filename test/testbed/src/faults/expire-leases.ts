import { type Kysely, sql } from 'kysely';

interface Leases {
  readonly db: Kysely<unknown>;
  readonly schema: string;
}

export interface ExpireLeasesOptions {
  /** The `owner` of a runner that keeps its own. @default none */
  readonly except?: string;
}

/** Lets all leases of a store expire now, as if no process had checked its own for a while. */
export async function expireLeases(
  { db, schema }: Leases,
  { except = '' }: ExpireLeasesOptions = {},
): Promise<void> {
  const table = sql.id(schema, 'subscriptions');
  const others = sql`split_part(owner, '/', 1) is distinct from ${except}`;
  await db.transaction().execute(async (tx) => {
    // First, as a check of leases does.
    await sql`update ${sql.id(schema, 'runners')} set lease_until = clock_timestamp() where ${others}`.execute(
      tx,
    );
    // Runners update several rows at a time: row by row, the two could wait for each other.
    await sql`lock table ${table} in share row exclusive mode`.execute(tx);
    await sql`
      update ${table} set lease_until = clock_timestamp() where lease_until is not null and ${others}`.execute(
      tx,
    );
  });
}
