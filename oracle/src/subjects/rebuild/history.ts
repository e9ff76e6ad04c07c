import { withClient } from '../../faults/every-subject.ts';
import type { Violation } from '../../subject.ts';
import { projections } from './ledger.ts';

const LEDGERS = 2_000;
const CHUNK = 100_000;

/** Writes entries into an empty log by SQL on the server, which is faster than commands. */
export async function writeHistory(connectionString: string, events: number): Promise<void> {
  await withClient(connectionString, async (client) => {
    for (let first = 0; first < events; first += CHUNK)
      await client.query(
        `insert into leftfold.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
         select number + 1, 'ledger-' || number % $3, number / $3 + 1, 'history-' || number, 'ledger.entered', 1,
                '{"cents": 3}', '{}', '{}', clock_timestamp()
           from generate_series($1::bigint, $2::bigint) as number
          order by number`,
        [first, Math.min(first + CHUNK, events) - 1, LEDGERS],
      );
    await client.query(`select setval('leftfold.event_position', $1)`, [events]);
    await client.query('vacuum analyze leftfold.events');
  });
}

/** The rows of the projections that are not the sums of the log. */
export function compareWithLog(connectionString: string): Promise<readonly Violation[]> {
  return withClient(connectionString, async (client) => {
    const violations: Violation[] = [];
    for (const { name } of projections) {
      const { rows } = await client.query<{ ledger_id: string; expected: string; found: string | null }>(
        `select ledger_id, row(expected.entries, expected.cents)::text as expected,
                row(found.entries, found.cents)::text as found
           from (select stream_id as ledger_id, count(*) as entries, sum((data ->> 'cents')::bigint) as cents
                   from leftfold.events group by stream_id) as expected
           full join "leftfold__${name}_v1"."${name}" as found using (ledger_id)
          where (expected.entries, expected.cents) is distinct from (found.entries, found.cents)
          order by ledger_id
          limit 20`,
      );
      for (const { ledger_id: id, expected, found } of rows)
        violations.push({
          kind: 'row',
          text: `${name}, ${id}: expected (entries, cents) ${expected}, found ${found ?? 'no row'}`,
        });
    }
    return violations;
  });
}
