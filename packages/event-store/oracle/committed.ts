import type { EventQuery } from '@leftfold/core';
import pg from 'pg';

/** An event as it stands in the table: the truth that everything else is compared with. */
export interface Committed {
  readonly position: number;
  readonly streamId: string;
  readonly streamVersion: number;
  readonly id: string;
  readonly type: string;
  readonly tags: readonly string[];
  readonly append: string;
  readonly index: number;
  readonly of: number;
  readonly expected: number | null;
  readonly excluded: { readonly tag: string; readonly after: number } | null;
}

/** The whole log, past all code that is under test. */
export async function readCommitted(connectionString: string): Promise<readonly Committed[]> {
  const client = new pg.Client({ connectionString });
  await client.connect();
  try {
    const { rows } = await client.query<Committed>(
      `select position::float8 as position, stream_id as "streamId", stream_version::float8 as "streamVersion",
              event_id as id, type, tags, data ->> 'append' as append, (data ->> 'index')::integer as index,
              (data ->> 'of')::integer as of, (data ->> 'expected')::integer as expected,
              nullif(data -> 'excluded', 'null') as excluded
         from leftfold.events
        order by position`,
    );
    return rows;
  } finally {
    await client.end();
  }
}

/** Whether a filter lets an event through, by the words of its contract. */
export function passes({ types, category, tags }: EventQuery, event: Committed): boolean {
  return (
    (types === undefined || types.includes(event.type)) &&
    (category === undefined || event.streamId.startsWith(`${category}-`)) &&
    (tags === undefined || tags.every((tag) => event.tags.includes(tag)))
  );
}
