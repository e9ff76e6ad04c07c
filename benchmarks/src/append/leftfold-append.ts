import { newId } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { freshLog } from '../log/fresh-log.ts';

/** Appends one event to a new stream, `inFlight` at a time, each demanding that there be no such stream. */
export function leftfoldAppend(name: string, inFlight: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          await using store = await freshLog(database);
          const append = () => {
            number += 1;
            const event = accountEvents.create.deposited(entryOf(number));
            return store.append(`account-${newId(Date.now())}`, [event], { expected: 'no-stream' });
          };
          await keepInFlight(inFlight, warmUpMs, append);
          const { perSecond, ...latencies } = await keepInFlight(inFlight, sampleMs, append);
          return { eventsPerSecond: perSecond!, ...latencies };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
