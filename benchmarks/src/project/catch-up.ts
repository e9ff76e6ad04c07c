import type { AnyProjection } from '@leftfold/core';
import { createProjectionRunner, projectionSchema } from '@leftfold/projections';
import { fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import type { Workload } from '../run/workload.ts';
import { assertBalances } from './read-model.ts';
import { logShape } from './log-shape.ts';

/** Runs a projection from the start of a filled log until it has caught up, and checks its read model. */
export function leftfoldCatchUp(
  name: string,
  projectionOf: (version: number) => AnyProjection,
  events: number,
): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      await fillLog(database, logShape(events));
      let version = 0;
      return {
        async run() {
          version += 1;
          const projection = projectionOf(version);
          await using store = openLog(database);
          await using runner = createProjectionRunner({ store, projections: [projection] });
          await runner.migrate();
          const started = performance.now();
          await runner.start();
          await runner.whenCaughtUp(projection);
          const seconds = (performance.now() - started) / 1_000;
          const table = `${projectionSchema(store.schema, projection)}.balances`;
          await assertBalances(database, table, events);
          return { eventsPerSecond: events / seconds };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
