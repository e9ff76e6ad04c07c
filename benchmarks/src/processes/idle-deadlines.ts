import type { Workload } from '../run/workload.ts';
import { CountingPool, measureIdle } from '../subscriptions/idle.ts';
import { latePayment, openShop } from './orders.ts';

const insertDeadlines = `
  insert into leftfold.process_deadlines (process, id, deadline, number, due_at, metadata, fire_at)
  select 'late_payment', 'order-' || number, 'pay', 2, due_at, '{}', due_at
    from generate_series(1, $1) as number
   cross join lateral (select now() + interval '1 year' + number * interval '1 second' as due_at) as due`;

/** Counts what a process costs whose open deadlines are far away, while no events arrive. */
export function idleDeadlines(name: string, deadlines: number): Workload {
  return {
    name,
    once: true,
    async setup({ server }) {
      const database = await server.createDatabase();
      const pool = new CountingPool(database.connectionString);
      const shop = await openShop(database, [latePayment], pool);
      await pool.query(insertDeadlines, [deadlines]);
      await shop.runner.start();
      return {
        run: () => measureIdle(pool),
        async teardown() {
          await shop[Symbol.asyncDispose]();
          await pool.end();
          await database.drop();
        },
      };
    },
  };
}
