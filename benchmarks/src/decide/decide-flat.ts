import { accountIdOf, fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { auditByTags } from './rules.ts';

const EVENTS_OF_ACCOUNT = 10;

/**
 * Executes commands on accounts at random, in a log of a given size in which every event has the tag of its account. No
 * command adds to what another one reads.
 */
export function decideFlat(name: string, inFlight: number, events: number): Workload {
  const streams = events / EVENTS_OF_ACCOUNT;
  return {
    name,
    async setup({ server, say }) {
      const database = await server.createDatabase();
      await fillLog(database, { events, streams, tagged: true }, say);
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          await using store = openLog(database, auditByTags.events);
          const execute = auditByTags.on(store);
          const next = () => execute(accountIdOf(Math.floor(Math.random() * streams)), (number += 1));
          await keepInFlight(inFlight, warmUpMs, next);
          return await keepInFlight(inFlight, sampleMs, next);
        },
        teardown: () => database.drop(),
      };
    },
  };
}
