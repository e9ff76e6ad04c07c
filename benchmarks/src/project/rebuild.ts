import type { AnyProjection } from '@leftfold/core';
import { createProjectionRunner, projectionSchema } from '@leftfold/projections';
import { fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import type { Workload } from '../run/workload.ts';
import { assertBalances } from './read-model.ts';
import { logShape } from './log-shape.ts';

/** Rebuilds a projection that has caught up, in the process that runs it, until the new tables serve. */
export function leftfoldRebuild(name: string, projection: AnyProjection, events: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await fillLog(database, logShape(events));
      const store = openLog(database);
      const runner = createProjectionRunner({ store, projections: [projection] });
      await runner.start();
      await runner.whenCaughtUp(projection);
      return {
        async run() {
          const started = Date.now();
          const { switchedAt } = await runner.rebuild(projection);
          await assertBalances(database, `${projectionSchema(store.schema, projection)}.balances`, events);
          return { eventsPerSecond: events / ((switchedAt.getTime() - started) / 1_000) };
        },
        async teardown() {
          await runner.stop();
          await store.close();
          await database.drop();
        },
      };
    },
  };
}
