import { uuidv7 } from '@leftfold/core';
import { freshLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import type { Rule } from './rules.ts';

/** Executes commands on new accounts, beginning with an empty log. */
export function decideNew(name: string, inFlight: number, rule: Rule): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ sampleMs, warmUpMs }) {
          await using store = await freshLog(database, rule.events);
          const execute = rule.on(store);
          const next = () => execute(uuidv7(Date.now()), (number += 1));
          await keepInFlight(inFlight, warmUpMs, next);
          return await keepInFlight(inFlight, sampleMs, next);
        },
        teardown: () => database.drop(),
      };
    },
  };
}
