import type { Workload } from '../run/workload.ts';
import { accountOf, assertPaid, openShop, payInto, payment } from './orders.ts';

/**
 * Executes the commands that a process would, by hand: each once, by its id.
 *
 * @param callers each of them executes one command after another
 */
export function bareCommands(name: string, callers: number): Workload {
  return {
    name,
    async setup({ server }) {
      const database = await server.createDatabase();
      return {
        async run({ steps: count }) {
          await using shop = await openShop(database, [payment]);
          let next = 0;
          const execute = async () => {
            for (let number = next++; number < count; number = next++)
              await shop.executor.execute(payInto(accountOf(number)), { commandId: `order-${number}` });
          };
          const started = performance.now();
          await Promise.all(Array.from({ length: callers }, execute));
          const perSecond = (count / (performance.now() - started)) * 1_000;
          await assertPaid(shop, count);
          return { perSecond };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
