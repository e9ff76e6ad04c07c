import { createEventStore } from '@leftfold/event-store';
import pg from 'pg';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { fillLog } from '../log/fill-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';

const EVENTS = 100_000;
const RARE_EVENTS = 200;

/** Reads all events of a category that few of the log's events have, with plans of one kind. */
export function readCategory(name: string, planCacheMode: 'generic' | 'custom'): Workload {
  return {
    name,
    async setup({ server, say }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: EVENTS, streams: 1_000 }, say);
      const pool = new pg.Pool({
        connectionString: database.connectionString,
        options: `-c plan_cache_mode=force_${planCacheMode}_plan`,
      });
      const store = createEventStore({ events: [accountEvents], pool });
      const events = Array.from({ length: RARE_EVENTS }, (_, index) =>
        accountEvents.create.deposited(entryOf(index)),
      );
      await store.append('rare-1', events);
      await pool.query('vacuum analyze leftfold.events');
      const read = async () => {
        let count = 0;
        for await (const _ of store.readAll({ filter: { category: 'rare' } })) count += 1;
        if (count !== RARE_EVENTS) throw new TypeError(`read ${count} events of ${RARE_EVENTS}`);
      };
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, read);
          return keepInFlight(1, sampleMs, read);
        },
        async teardown() {
          await store.close();
          await pool.end();
          await database.drop();
        },
      };
    },
  };
}
