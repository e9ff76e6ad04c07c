import { withClient } from '../../faults/every-subject.ts';
import type { Violation } from '../../subject.ts';
import { projections } from './ledger.ts';

/** Those among which the history is spread evenly. Commands add nothing to them. */
export const TILLS = 2_000;
const CHUNK = 100_000;

/** Writes entries into an empty log by SQL on the server, which is faster than commands. */
export async function writeHistory(connectionString: string, events: number): Promise<void> {
  await withClient(connectionString, async (client) => {
    for (let first = 0; first < events; first += CHUNK)
      await client.query(
        `insert into leftfold.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
         select number + 1, 'till-' || number % $3, number / $3 + 1, 'history-' || number, 'till.entered', 1,
                '{"cents": 3}', '{}', '{}', clock_timestamp()
           from generate_series($1::bigint, $2::bigint) as number
          order by number`,
        [first, Math.min(first + CHUNK, events) - 1, TILLS],
      );
    await client.query(`select setval('leftfold.event_position', $1)`, [events]);
    await client.query('vacuum analyze leftfold.events');
  });
}

/** How many entries a till of the history has. @param number from 0 */
export function entriesOfHistory(events: number, number: number): number {
  return Math.ceil((events - number) / TILLS);
}

/** The rows of the projections that are not the sums of the log. */
export function compareWithLog(connectionString: string): Promise<readonly Violation[]> {
  return withClient(connectionString, async (client) => {
    const violations: Violation[] = [];
    for (const { name, eventTypes } of projections) {
      const { rows } = await client.query<{ stream_id: string; expected: string; found: string | null }>(
        `select stream_id, row(expected.entries, expected.cents)::text as expected,
                row(found.entries, found.cents)::text as found
           from (select stream_id, count(*) as entries, sum((data ->> 'cents')::bigint) as cents
                   from leftfold.events where type = any ($1) group by stream_id) as expected
           full join "leftfold__${name}_v1"."${name}" as found using (stream_id)
          where (expected.entries, expected.cents) is distinct from (found.entries, found.cents)
          order by stream_id
          limit 20`,
        [eventTypes],
      );
      for (const { stream_id: id, expected, found } of rows)
        violations.push({
          kind: 'row',
          text: `${name}, ${id}: expected (entries, cents) ${expected}, found ${found ?? 'no row'}`,
        });
    }
    return violations;
  });
}
