import { uuidv7 } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { freshLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';

/** Appends the event with this number. */
export type Append = (store: PostgresEventStore, number: number) => Promise<unknown>;

/** Appends to a new stream, and expects that the stream does not exist. */
const toNewStream: Append = (store, number) => {
  const event = accountEvents.create.deposited(entryOf(number));
  return store.append(`account-${uuidv7(Date.now())}`, [event], { expectedVersion: 'no-stream' });
};

/** Appends to an empty log, one event per append, with `inFlight` concurrent appends. */
export function leftfoldAppend(name: string, inFlight: number, append = toNewStream): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          await using store = await freshLog(database);
          const appendNext = () => append(store, (number += 1));
          await keepInFlight(inFlight, warmUpMs, appendNext);
          const { perSecond, ...latencies } = await keepInFlight(inFlight, sampleMs, appendNext);
          return { eventsPerSecond: perSecond!, ...latencies };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
