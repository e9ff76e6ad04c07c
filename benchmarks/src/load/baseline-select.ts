import pg from 'pg';
import { accountIdOf, fillLog } from '../log/fill-log.ts';
import { freshTable } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { STREAM_LENGTH, STREAMS } from './streams.ts';

const selectStream = {
  name: 'stream',
  text: 'select stream_version, type, data from leftfold.events where stream_id = $1 order by stream_version',
};

/** Reads the columns that a fold needs of the same streams: one prepared SELECT, JSON parsed by pg, no fold. */
export function bareSelect(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: STREAMS * STREAM_LENGTH, streams: STREAMS });
      const client = new pg.Client({ connectionString: database.connectionString });
      await client.connect();
      let number = 0;
      const select = () => {
        number += 1;
        return client.query({ ...selectStream, values: [`account-${accountIdOf(number % STREAMS)}`] });
      };
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, select);
          return keepInFlight(1, sampleMs, select);
        },
        async teardown() {
          await client.end();
          await database.drop();
        },
      };
    },
  };
}

const selectSnapshot = {
  name: 'snapshot',
  text: 'select stream_version, position, state from leftfold.snapshots where stream_id = $1 and key = $2',
};

const insertSnapshot = `
  insert into leftfold.snapshots (stream_id, key, stream_version, position, state)
  values ('account-1', 'key', 10000, 10000, '{"owner": "owner 1", "cents": 1234567, "entries": 9999}')`;

/** Reads the row of a snapshot by its key, in one round trip: the minimum for a load that begins with a snapshot. */
export function bareSnapshotRow(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await freshTable(database);
      const client = new pg.Client({ connectionString: database.connectionString });
      await client.connect();
      await client.query(insertSnapshot);
      const select = () => client.query({ ...selectSnapshot, values: ['account-1', 'key'] });
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, select);
          return keepInFlight(1, sampleMs, select);
        },
        async teardown() {
          await client.end();
          await database.drop();
        },
      };
    },
  };
}

/** The shortest query: `select 1`, prepared. */
export function barePing(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const client = new pg.Client({ connectionString: server.connectionString });
      await client.connect();
      const ping = () => client.query({ name: 'one', text: 'select 1' });
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, ping);
          return keepInFlight(1, sampleMs, ping);
        },
        teardown: () => client.end(),
      };
    },
  };
}
