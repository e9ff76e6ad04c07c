import { uuidv7 } from '@leftfold/core';
import pg from 'pg';
import { entryOf } from '../domain/entry.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import type { BenchDatabase } from '../server/database-server.ts';
import { freshTable } from '../log/fresh-log.ts';

interface Shape {
  readonly rows: number;
  readonly connections: number;
}

const shapes: readonly Shape[] = [1, 2, 4].flatMap((connections) =>
  [100, 500, 1_000, 2_000, 5_000].map((rows) => ({ rows, connections })),
);

const statement = {
  name: 'bulk insert',
  text: `insert into leftfold.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
         select nextval('leftfold.event_position'), event.stream_id, 1, event.event_id, 'account.deposited', 1, event.data,
                '{}', '{}', clock_timestamp()
           from rows from (unnest($1::text[], $2::text[]), jsonb_array_elements($3::jsonb))
                  as event (stream_id, event_id, data)`,
};

/**
 * The highest rate of inserts that a Node client reaches into the same table: many rows per INSERT and commit, several
 * connections, prepared statements, hand-written array texts, and payloads as one JSON array, which is faster than
 * `jsonb[]`. All sizes are measured, and the best one is the baseline.
 */
export function bareBulk(name: string): Workload {
  return {
    name,
    async setup({ server, pace, say }) {
      const database = await server.createDatabase();
      await insertRows(database, shapes[0]!, pace.warmUpMs, pace.sweepMs);
      const tried: { shape: Shape; perSecond: number }[] = [];
      for (const shape of shapes) {
        const perSecond = await insertRows(database, shape, pace.sweepMs / 4, pace.sweepMs);
        tried.push({ shape, perSecond });
        say(`${name}  ${nameOf(shape)}  ${perSecond.toFixed(0)} events/s`);
      }
      const [best] = tried.toSorted((a, b) => b.perSecond - a.perSecond);
      const shape = best!.shape;
      return {
        facts: {
          bestRows: shape.rows,
          bestConnections: shape.connections,
          ...Object.fromEntries(
            tried.map((each) => [`${nameOf(each.shape)}.eventsPerSecond`, each.perSecond]),
          ),
        },
        run: async ({ sampleMs, warmUpMs }) => ({
          eventsPerSecond: await insertRows(database, shape, warmUpMs, sampleMs),
        }),
        teardown: () => database.drop(),
      };
    },
  };
}

function nameOf({ rows, connections }: Shape): string {
  return `${rows}x${connections}`;
}

async function insertRows(
  database: BenchDatabase,
  { rows, connections }: Shape,
  warmUpMs: number,
  durationMs: number,
): Promise<number> {
  await freshTable(database);
  const { connectionString } = database;
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString }));
  await Promise.all(clients.map((client) => client.connect()));
  let number = 0;
  const insert = (caller: number) => {
    const streams: string[] = [];
    const ids: string[] = [];
    const data: string[] = [];
    const now = Date.now();
    for (let row = 0; row < rows; row += 1) {
      number += 1;
      streams.push(`account-${uuidv7(now)}`);
      ids.push(uuidv7(now));
      data.push(JSON.stringify(entryOf(number)));
    }
    const values = [`{${streams.join(',')}}`, `{${ids.join(',')}}`, `[${data.join(',')}]`];
    return clients[caller]!.query({ ...statement, values });
  };
  await keepInFlight(connections, warmUpMs, insert);
  const { perSecond } = await keepInFlight(connections, durationMs, insert);
  await Promise.all(clients.map((client) => client.end()));
  return perSecond! * rows;
}
