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
            cross join pg_catalog.unnest(given_up.positions) as place (position)
            where given_up.name = $1
              and given_up.version = $2
              and given_up.key = $3
              and given_up.reset_at is null`,
    values: [name, version, key],
  });
  return new Set(rows.map(({ position }) => position));
}

/** What keeps the rows of a replay from being those of what serves, beside the events that both have applied. */
export interface Unlike {
  /** A key that is parked in what serves: some of its events are still to be applied there. */
  readonly parked: string | null;
  readonly parked_keys: number;
  /** Keys that the replay has parked: it lacks events of them. */
  readonly replay_parked: number;
  /** Whether events were given up since the replay was begun. */
  readonly given_up: boolean;
}

/** SQL: range scans of `parked_events_pkey` and `given_up_events_name_idx`. */
export async function readUnlike(
  { run, schema }: SchemaConnection,
  { name, version }: ProjectionKey,
  replay: ProjectionKey,
): Promise<Unlike> {
  const givenUp = (of: string) =>
    `select given_up.key, given_up.given_up_at, given_up.positions
       from "${schema}".given_up_events as given_up
      where given_up.name = ${of} and given_up.version = $2 and given_up.reset_at is null`;
  const [row] = await run<Unlike & object>({
    name: undefined,
    text: `select (select min(parked.key) from "${schema}".parked_events as parked
                    where parked.name = $1 and parked.version = $2) as parked,
                  (select count(distinct parked.key) from "${schema}".parked_events as parked
                    where parked.name = $1 and parked.version = $2) as parked_keys,
                  (select count(distinct parked.key) from "${schema}".parked_events as parked
                    where parked.name = $3 and parked.version = $2) as replay_parked,
                  exists (${givenUp('$1')} except ${givenUp('$3')})
                  or exists (${givenUp('$3')} except ${givenUp('$1')}) as given_up`,
    values: [name, version, replay.name],
  });
  // Sound: a select without FROM has a row.
  return row!;
}
