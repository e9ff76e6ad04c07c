import { textArray } from '@leftfold/postgres';
import type { SchemaConnection } from '@leftfold/subscriptions';

/** Those of some command ids whose first event is in the log. SQL: index scans of `events_event_id_key`. */
export async function readRecorded(
  { run, schema }: SchemaConnection,
  commandIds: readonly string[],
): Promise<ReadonlySet<string>> {
  if (commandIds.length === 0) return new Set();
  const rows = await run<{ id: string }>({
    name: `leftfold recorded answers ${schema}`,
    text: `select asked.id
             from pg_catalog.unnest($1::text[]) as asked (id)
            where exists (select from "${schema}".events as event where event.event_id = asked.id || ':1')`,
    values: [textArray(commandIds)],
  });
  return new Set(rows.map(({ id }) => id));
}
