import type { SchemaConnection } from '@leftfold/subscriptions';
import type { ProjectionKey } from './inline.ts';

/**
 * The positions of the events of a key that were given up: the projection does not apply them.
 *
 * SQL: one scan of `given_up_events_name_idx`.
 */
export async function readGivenUp(
  { run, schema }: SchemaConnection,
  { name, version }: ProjectionKey,
  key: string,
): Promise<ReadonlySet<number>> {
  const rows = await run<{ position: number }>({
    name: undefined,
    text: `select place.position
             from "${schema}".given_up_events as given_up
            cross join unnest(given_up.positions) as place (position)
            where given_up.name = $1
              and given_up.version = $2
              and given_up.key = $3
              and given_up.reset_at is null`,
    values: [name, version, key],
  });
  return new Set(rows.map(({ position }) => position));
}
