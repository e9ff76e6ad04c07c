import pg from 'pg';
import type { BenchDatabase } from '../server/database-server.ts';
import { freshTable } from './fresh-log.ts';

export interface LogShape {
  readonly events: number;
  /** Events are distributed in turn, so that those of a stream lie far apart, as in a log of a year. */
  readonly streams: number;
  /** Whether each event has the tag of its account, and its id as data. @default false */
  readonly tagged?: boolean;
  /** The position after which they are written. @default 0 */
  readonly after?: number;
}

const CHUNK = 100_000;

const statement = `
  insert into leftfold.events
    (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
  select $5::bigint + number + 1, 'account-' || account.id, number / $3 + 1,
         lpad(number::text, 23, '0'), case number / $3 when 0 then 'account.opened' else 'account.deposited' end, 1,
         case number / $3
           when 0 then jsonb_build_object('owner', 'owner ' || number)
           else jsonb_build_object(
             'cents', 100 + number % 10000, 'reference', 'invoice 2026-' || lpad(number::text, 9, '0'), 'note',
             'a payload of an ordinary size: some two hundred bytes as JSON, which is what events of a domain have')
         end || case when $4 then jsonb_build_object('accountId', account.id) else '{}' end,
         '{}', case when $4 then array['account:' || account.id] else '{}' end, clock_timestamp()
    from generate_series($1::bigint, $2::bigint) as number
   cross join lateral (select lpad((number % $3)::text, 23, '0') as id) as account
   order by number`;

/** Number of concurrent statements: the server uses one core for each connection. */
const WRITERS = 2;

/** Fills a log with generated events by SQL on the server, which is faster than appends through the store. */
export async function fillLog(
  database: BenchDatabase,
  shape: LogShape,
  say: (line: string) => void = () => {},
): Promise<void> {
  await freshTable(database);
  await writeEvents(database, shape, say);
}

/** Writes events at the end of a log that has no others of their streams. No reader sees one of them before all are written. */
export async function writeEvents(
  database: BenchDatabase,
  { events, streams, tagged = false, after = 0 }: LogShape,
  say: (line: string) => void = () => {},
): Promise<void> {
  const pool = new pg.Pool({ connectionString: database.connectionString, max: WRITERS });
  let next = 0;
  const write = async () => {
    while (next < events) {
      const first = next;
      next = Math.min(first + CHUNK, events);
      await pool.query(statement, [first, next - 1, streams, tagged, after]);
      if (events > CHUNK) say(`filling a log: ${next} of ${events} events`);
    }
  };
  try {
    await Promise.all(Array.from({ length: WRITERS }, write));
    await pool.query(`select setval('leftfold.event_position', $1)`, [after + events]);
    await pool.query('vacuum analyze leftfold.events');
  } finally {
    await pool.end();
  }
}

/** The id of an account that {@link fillLog} has created, by its number from 0. */
export function accountIdOf(number: number): string {
  return String(number).padStart(23, '0');
}
