import { createRelayRunner, type Transport } from '@leftfold/messaging';
import { fillLog } from '../log/fill-log.ts';
import { openLog } from '../log/fresh-log.ts';
import type { Workload } from '../run/workload.ts';
import { depositsOut, KEYS } from './language.ts';

/** A broker's place for the messages of one repetition. */
export interface Topic extends AsyncDisposable {
  readonly transport: Transport;
}

/** Publishes a filled log by a relay, from its start until it has caught up. */
export function leftfoldRelay(name: string, openTopic: () => Promise<Topic>): Workload {
  return {
    name,
    async setup({ server, pace }) {
      await using _ = await openTopic(); // fails here when there is no broker
      const database = await server.createDatabase();
      // The first event of each account is not published.
      await fillLog(database, { events: pace.messages + KEYS, streams: KEYS });
      let number = 0;
      return {
        async run() {
          number += 1;
          await using topic = await openTopic();
          await using store = openLog(database);
          const relay = depositsOut(`bench-${number}`, topic.transport);
          await using runner = createRelayRunner({ store, relays: [relay] });
          await runner.migrate();
          const started = performance.now();
          await runner.start();
          await runner.whenCaughtUp(relay);
          return { perSecond: (pace.messages / (performance.now() - started)) * 1_000 };
        },
        teardown: () => database.drop(),
      };
    },
  };
}
