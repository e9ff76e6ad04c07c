import { createCommandExecutor } from '@leftfold/commands';
import { account } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import { keepInFlight } from '../run/keep-in-flight.ts';
import type { Workload } from '../run/workload.ts';
import { CALLERS, log, visits } from './traffic.ts';

/** Loads aggregates and executes commands on them: load, decide, append, repeated after a conflict. */
export function leftfoldTraffic(name: string, readShare: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      return {
        async run({ sampleMs, warmUpMs }) {
          await fillLog(database, log);
          await using store = openLog(database);
          await using executor = createCommandExecutor({ store, aggregates: [account] });
          const next = visits(readShare);
          let number = 0;
          const visit = async () => {
            const { accountId, reads } = next();
            number += 1;
            if (reads) await executor.load(account, accountId);
            else await executor.execute(account.command.deposit(accountId, entryOf(number)));
          };
          await keepInFlight(CALLERS, warmUpMs, visit);
          return await keepInFlight(CALLERS, sampleMs, visit);
        },
        teardown: () => database.drop(),
      };
    },
  };
}
