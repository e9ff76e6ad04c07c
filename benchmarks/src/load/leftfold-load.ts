import { createCommandExecutor } from '@leftfold/commands';
import { account, accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { accountIdOf, fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { LONG_STREAM, STREAM_LENGTH, STREAMS } from './streams.ts';

/** Loads aggregates of 1,000 events from the log, one after another, without a cache. */
export function leftfoldLoad(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: STREAMS * STREAM_LENGTH, streams: STREAMS });
      const store = openLog(database);
      const executor = createCommandExecutor({ store, aggregates: [account], cache: false });
      let number = 0;
      const load = () => executor.load(account, accountIdOf((number += 1) % STREAMS));
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, load);
          return keepInFlight(1, sampleMs, load);
        },
        async teardown() {
          await store.close();
          await database.drop();
        },
      };
    },
  };
}

/** Loads an aggregate with a long history from its snapshot and the ten events after it, one load after another. */
export function leftfoldLoadFromSnapshot(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await fillLog(database, { events: LONG_STREAM, streams: 1 });
      const store = openLog(database);
      const options = { store, aggregates: [account], snapshots: store, cache: false } as const;
      const id = accountIdOf(0);
      const writer = createCommandExecutor(options);
      await writer.load(account, id); // writes the snapshot
      await writer.close();
      const tail = Array.from({ length: 10 }, (_, index) => accountEvents.create.deposited(entryOf(index)));
      await store.append(account.streamId(id), tail);
      const executor = createCommandExecutor(options);
      const load = () => executor.load(account, id);
      return {
        async run({ sampleMs, warmUpMs }) {
          await keepInFlight(1, warmUpMs, load);
          return keepInFlight(1, sampleMs, load);
        },
        async teardown() {
          await store.close();
          await database.drop();
        },
      };
    },
  };
}
