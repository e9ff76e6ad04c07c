import { LeftfoldError, uuidv7 } from '@leftfold/core';
import { freshLog, openLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import { seededRandom } from '../statistics/random.ts';
import type { Workload } from '../run/workload.ts';
import { depositByTags } from './rules.ts';

/** Executors with a store each, as in as many processes: they do not know of each other's commands. */
const EXECUTORS = 4;

/**
 * Executes commands of which a share is on one account, and the others are on new ones.
 *
 * @param share from 0 to 1
 */
export function decideOverlap(name: string, inFlight: number, share: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      const random = seededRandom(42);
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          const first = await freshLog(database, depositByTags.events);
          const others = Array.from({ length: EXECUTORS - 1 }, () => openLog(database, depositByTags.events));
          const stores = [first, ...others];
          const executors = stores.map((store) => depositByTags.on(store));
          let attempts = 0;
          let accepted = 0;
          let failed = 0;
          const next = async (caller: number) => {
            const accountId = random() < share ? 'shared' : uuidv7(Date.now());
            try {
              const result = await executors[caller % EXECUTORS]!(accountId, (number += 1));
              attempts += result.attempts;
              accepted += 1;
            } catch (error) {
              // Its last attempt met an event of another executor too.
              if (!LeftfoldError.is(error) || error.code !== 'APPEND_CONDITION_FAILED') throw error;
              failed += 1;
            }
          };
          await keepInFlight(inFlight, warmUpMs, next);
          attempts = accepted = failed = 0;
          const figures = await keepInFlight(inFlight, sampleMs, next);
          await Promise.all(stores.map((store) => store.close()));
          return {
            ...figures,
            attempts: attempts / accepted,
            failedShare: failed / (accepted + failed),
          };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
