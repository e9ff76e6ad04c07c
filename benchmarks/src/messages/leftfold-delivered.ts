import { uuidv7 } from '@leftfold/core';
import { createRelayRunner } from '@leftfold/messaging';
import { accountEvents } from '../domain/account.ts';
import { entryOf } from '../domain/entry.ts';
import { freshLog } from '../log/fresh-log.ts';
import { openLoop } from '../run/open-loop.ts';
import type { Workload } from '../run/workload.ts';
import { latencyFigures } from '../statistics/percentile.ts';
import { Observer } from '../visible/observer.ts';
import { effectsTable } from './effects.ts';
import { depositsOut } from './language.ts';
import { insertingConsumer } from './leftfold-consumer.ts';
import { openExchange } from './rabbitmq-exchange.ts';

const MEAN_GAP_MS = 25;

/** Measures the time from when an append is due until another connection reads the effect of its message. */
export function leftfoldDelivered(name: string): Workload {
  return {
    name,
    async setup({ server }) {
      await using _ = await openExchange(); // fails here when there is no broker
      const database = await server.createDatabase();
      let number = 0;
      return {
        async run({ probes, warmUpMs }) {
          number += 1;
          const warmUps = Math.ceil(warmUpMs / MEAN_GAP_MS);
          await using exchange = await openExchange();
          await using store = await freshLog(database);
          const relay = depositsOut(`bench-${number}`, exchange.transport);
          await using runner = createRelayRunner({ store, relays: [relay] });
          await runner.start();
          await using _effects = await effectsTable(database, warmUps + probes);
          await using consumer = insertingConsumer(database, exchange.transport, {
            schema: `inbox_${number}`,
            onAcknowledged: () => {},
          });
          await consumer.start();
          await using observer = await Observer.connect(
            database,
            'select key as id from effects where key = any ($1)',
          );
          const latencies: number[] = [];
          const probe = async (_number: number, due: number) => {
            const streamId = `account-${uuidv7(Date.now())}`;
            const deposited = accountEvents.create.deposited(entryOf(1));
            const [seen] = await Promise.all([observer.see(streamId), store.append(streamId, [deposited])]);
            latencies.push(seen - due);
          };
          await openLoop(warmUps, MEAN_GAP_MS, Math.random, probe);
          latencies.length = 0;
          await openLoop(probes, MEAN_GAP_MS, Math.random, probe);
          return latencyFigures(latencies);
        },
        teardown: () => database.drop(),
      };
    },
  };
}
