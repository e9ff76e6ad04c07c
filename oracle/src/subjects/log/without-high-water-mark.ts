import type { EventQuery } from '@leftfold/core';
import type pg from 'pg';

interface Seen {
  readonly position: number;
  readonly id: string;
}

/**
 * The control of this subject: reads the events after the checkpoint, up to the newest one that is visible, as many
 * event stores do. An append that drew its position earlier and commits later is never seen.
 */
export async function readByNewestPosition(
  pool: pg.Pool,
  after: number,
  { types, category, tags }: EventQuery,
): Promise<readonly Seen[]> {
  const { rows } = await pool.query<Seen>(
    `select position::float8 as position, event_id as id
       from leftfold.events
      where position > $1
        and ($2::text[] is null or type = any ($2))
        and ($3::text is null or starts_with(stream_id, $3 || '-'))
        and ($4::text[] is null or tags @> $4)
      order by position
      limit 1000`,
    [after, types ?? null, category ?? null, tags ?? null],
  );
  return rows;
}
