import { uuidv7 } from '@leftfold/core';
import pg from 'pg';
import { type Entry, entryOf } from '../domain/entry.ts';
import { fillLog } from '../log/fill-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { CALLERS, log, visits } from './traffic.ts';

const selectStream = {
  name: 'stream',
  text: 'select stream_version, type, data from leftfold.events where stream_id = $1 order by stream_version',
};

const insert = {
  name: 'insert',
  text: `insert into leftfold.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
         values
           (nextval('leftfold.event_position'), $1, $2, $3, 'account.deposited', 1, $4, '{}', '{}', clock_timestamp())`,
};

const UNIQUE_VIOLATION = '23505';

interface EventRow {
  readonly stream_version: string;
  readonly data: Partial<Entry>;
}

/** The same traffic by hand with a pool of ten: a SELECT and a fold, then an INSERT, repeated after a conflict. */
export function bareTraffic(name: string, readShare: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      return {
        async run({ sampleMs, warmUpMs }) {
          await fillLog(database, log);
          const pool = new pg.Pool({ connectionString: database.connectionString, max: 10 });
          const next = visits(readShare);
          let number = 0;
          const visit = async () => {
            const { accountId, reads } = next();
            number += 1;
            const streamId = `account-${accountId}`;
            if (reads) await load(pool, streamId);
            else await deposit(pool, streamId, entryOf(number));
          };
          await keepInFlight(CALLERS, warmUpMs, visit);
          const figures = await keepInFlight(CALLERS, sampleMs, visit);
          await pool.end();
          return figures;
        },
        teardown: () => database.drop(),
      };
    },
  };
}

async function load(pool: pg.Pool, streamId: string): Promise<{ version: number; cents: number }> {
  const { rows } = await pool.query<EventRow>({ ...selectStream, values: [streamId] });
  const cents = rows.reduce((sum, { data }) => sum + (data.cents ?? 0), 0);
  return { version: Number(rows.at(-1)?.stream_version ?? 0), cents };
}

async function deposit(pool: pg.Pool, streamId: string, entry: Entry): Promise<void> {
  for (;;) {
    const { version } = await load(pool, streamId);
    try {
      const values = [streamId, version + 1, uuidv7(Date.now()), JSON.stringify(entry)];
      await pool.query({ ...insert, values });
      return;
    } catch (error) {
      if (!(error instanceof pg.DatabaseError) || error.code !== UNIQUE_VIOLATION) throw error;
    }
  }
}
