import type { Workload } from '../run/workload.ts';
import { assertPaid, openShop, payment, untilDone } from './orders.ts';

/** Runs a process with one command for each of its instances, whose events are in the log. */
export function leftfoldSteps(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      return {
        async run({ steps: count }) {
          await using shop = await openShop(database, [payment]);
          await shop.place(count);
          const started = performance.now();
          await shop.runner.start();
          await untilDone(shop, payment);
          const perSecond = (count / (performance.now() - started)) * 1_000;
          await assertPaid(shop, count);
          return { perSecond };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
