import { uuidv7 } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { accountIdOf, fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';

const APPENDERS = 64;
const READERS = 4;
const EVENTS_PER_STREAM = 10;

/** Appends to new streams, then reads streams at random, in a log of a given size. */
export function leftfoldFlat(name: string, events: number, keep: boolean): Workload {
  const streams = events / EVENTS_PER_STREAM;
  return {
    name,
    async setup({ server, say }) {
      const database = await server.createDatabase();
      if (keep) await fillLog(database, { events, streams }, say);
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          // The appends of a few repetitions would double a small log.
          if (!keep) await fillLog(database, { events, streams });
          await using store = openLog(database);
          const append = () => {
            number += 1;
            const event = accountEvents.create.deposited(entryOf(number));
            return store.append(`account-${uuidv7(Date.now())}`, [event], { expectedVersion: 'no-stream' });
          };
          const read = async () => {
            const stream = store.readStream(`account-${accountIdOf(Math.floor(Math.random() * streams))}`);
            let found = 0;
            for await (const _ of stream) found += 1;
            if (found !== EVENTS_PER_STREAM) throw new TypeError(`a stream has ${found} events`);
          };
          await keepInFlight(READERS, warmUpMs, read);
          const reading = await keepInFlight(READERS, sampleMs, read);
          await keepInFlight(APPENDERS, warmUpMs, append);
          const appending = await keepInFlight(APPENDERS, sampleMs, append);
          return {
            'append.eventsPerSecond': appending['perSecond']!,
            'append.p99Ms': appending['p99Ms']!,
            'read.eventsPerSecond': reading['perSecond']! * EVENTS_PER_STREAM,
            'read.p99Ms': reading['p99Ms']!,
          };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
