import type { SchemaConnection } from '@leftfold/subscriptions';

/** The first event at or after a position. SQL: one index lookup. */
export async function readFirstFrom(
  { run, schema }: SchemaConnection,
  position: number,
): Promise<{ readonly position: number; readonly recordedAt: Date } | undefined> {
  const [row] = await run<{ position: number; recorded_at: number }>({
    name: undefined,
    text: `select position, pg_catalog.date_part('epoch', recorded_at) * 1000 as recorded_at
             from "${schema}".events where position >= $1 order by position limit 1`,
    values: [position],
  });
  return row === undefined
    ? undefined
    : { position: row.position, recordedAt: new Date(Math.ceil(row.recorded_at)) };
}
