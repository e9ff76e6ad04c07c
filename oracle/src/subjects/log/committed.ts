import type { EventQuery } from '@leftfold/core';
import { withClient } from '../../faults/every-subject.ts';

/** An event as it stands in the table: everything else is compared with it. */
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
  readonly basedOn: string | null;
  readonly excluded: { readonly tag: string; readonly after: number } | null;
}

/** The whole log, read without any code that is under test. */
export function readCommitted(connectionString: string): Promise<readonly Committed[]> {
  return withClient(connectionString, async (client) => {
    const { rows } = await client.query<Committed>(
      `select position::float8 as position, stream_id as "streamId", stream_version::float8 as "streamVersion",
              event_id as id, type, tags, data ->> 'append' as append, (data ->> 'index')::integer as index,
              (data ->> 'of')::integer as of, (data ->> 'expected')::integer as expected,
              data ->> 'basedOn' as "basedOn",
              nullif(data -> 'excluded', 'null') as excluded
         from leftfold.events
        order by position`,
    );
    return rows;
  });
}

/** Whether a filter lets an event through, written anew from what the documentation says. */
export function passes({ types, category, tags }: EventQuery, event: Committed): boolean {
  return (
    (types === undefined || types.includes(event.type)) &&
    (category === undefined || event.streamId.startsWith(`${category}-`)) &&
    (tags === undefined || tags.every((tag) => event.tags.includes(tag)))
  );
}
