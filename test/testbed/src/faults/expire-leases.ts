import { type Kysely, sql } from 'kysely';

/** Lets all leases of a store expire now, as if no process had checked its own for a while. */
export async function expireLeases({
  db,
  schema,
}: {
  readonly db: Kysely<unknown>;
  readonly schema: string;
}): Promise<void> {
  const table = sql.id(schema, 'subscriptions');
  await db.transaction().execute(async (tx) => {
    // First, as a check of leases does.
    await sql`update ${sql.id(schema, 'runners')} set lease_until = clock_timestamp()`.execute(tx);
    // Runners update several rows at a time: row by row, the two could wait for each other.
    await sql`lock table ${table} in share row exclusive mode`.execute(tx);
    await sql`update ${table} set lease_until = clock_timestamp() where lease_until is not null`.execute(tx);
  });
}
