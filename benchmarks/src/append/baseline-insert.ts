import { uuidv7 } from '@leftfold/core';
import pg from 'pg';
import { entryOf } from '../domain/entry.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { freshTable } from '../log/fresh-log.ts';

const statement = {
  name: 'insert',
  text: `insert into leftfold.events
           (position, stream_id, stream_version, event_id, type, schema_version, data, metadata, tags, recorded_at)
         values
           (nextval('leftfold.event_position'), $1, 1, $2, 'account.deposited', 1, $3, '{}', '{}', clock_timestamp())`,
};

/** One prepared INSERT and one commit for each event into the same table. Each connection sends one at a time. */
export function bareInsert(name: string, connections: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          await freshTable(database);
          const { connectionString } = database;
          const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString }));
          await Promise.all(clients.map((client) => client.connect()));
          const insert = (caller: number) => {
            number += 1;
            const now = Date.now();
            const values = [`account-${uuidv7(now)}`, uuidv7(now), JSON.stringify(entryOf(number))];
            return clients[caller]!.query({ ...statement, values });
          };
          await keepInFlight(connections, warmUpMs, insert);
          const { perSecond, ...latencies } = await keepInFlight(connections, sampleMs, insert);
          await Promise.all(clients.map((client) => client.end()));
          return { eventsPerSecond: perSecond!, ...latencies };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
