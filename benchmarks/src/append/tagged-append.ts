import { newId } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { freshLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';

/**
 * Appends one event with a tag of its own to a new stream, `inFlight` at a time, each demanding that there be no such
 * stream, or that there be no event with this tag.
 */
export function taggedAppend(name: string, inFlight: number, demands: 'no-stream' | 'no-tag'): Workload {
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
            const account = newId(Date.now());
            const tag = `account:${account}`;
            const event = accountEvents.create.deposited(entryOf(number), { tags: [tag] });
            const query = { tags: [tag] as const, types: ['account.deposited'] };
            return store.append(
              `account-${account}`,
              [event],
              demands === 'no-tag' ? { condition: { failIfMatch: query } } : { expected: 'no-stream' },
            );
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
