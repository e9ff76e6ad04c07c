import { setTimeout as delay } from 'node:timers/promises';
import type { Workload } from '../run/workload.ts';
import { assertPaid, latePayment, openShop, untilDone } from './orders.ts';

const LOOK_MS = 20;

/** Runs a process whose instances have deadlines that are due at one moment, with one command for each of them. */
export function leftfoldDeadlines(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      return {
        async run({ steps: count }) {
          await using shop = await openShop(database, [latePayment]);
          await shop.place(count);
          await shop.runner.start();
          await untilDone(shop, latePayment);
          const started = performance.now();
          await shop.store.pool.query(
            'update leftfold.process_deadlines set due_at = now(), fire_at = now()',
          );
          while ((await shop.countPaid()) < count) await delay(LOOK_MS);
          const perSecond = (count / (performance.now() - started)) * 1_000;
          await assertPaid(shop, count);
          return { perSecond };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
