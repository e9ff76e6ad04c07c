import { uuidv7 } from '@leftfold/core';
import { createProjectionRunner, projectionSchema } from '@leftfold/projections';
import { accountEvents } from '../domain/account.ts';
import { balances } from '../domain/balances.ts';
import { freshLog } from '../log/fresh-log.ts';
import { openLoop } from '../run/open-loop.ts';
import type { Workload } from '../run/workload.ts';
import { latencyFigures } from '../statistics/percentile.ts';
import { Observer } from './observer.ts';

const MEAN_GAP_MS = 25;

/** Measures the time from when an append is due until another connection reads its row in the read model. */
export function leftfoldVisible(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      let version = 0;
      return {
        async run({ probes, warmUpMs }) {
          version += 1;
          const projection = balances(version);
          await using store = await freshLog(database);
          await using runner = createProjectionRunner({ store, projections: [projection] });
          await runner.start();
          await runner.whenCaughtUp(projection);
          await using observer = await Observer.connect(
            database,
            `select account_id as id from ${projectionSchema(store.schema, projection)}.balances where account_id = any ($1)`,
          );
          const latencies: number[] = [];
          const probe = async (_: number, due: number) => {
            const streamId = `account-${uuidv7(Date.now())}`;
            const [seen] = await Promise.all([
              observer.see(streamId),
              store.append(streamId, [accountEvents.create.opened({ owner: 'Ada' })], {
                expectedVersion: 'no-stream',
              }),
            ]);
            latencies.push(seen - due);
          };
          await openLoop(Math.ceil(warmUpMs / MEAN_GAP_MS), MEAN_GAP_MS, Math.random, probe);
          latencies.length = 0;
          await openLoop(probes, MEAN_GAP_MS, Math.random, probe);
          return latencyFigures(latencies);
        },
        teardown: () => database.drop(),
      };
    },
  };
}
