import { startPostgres } from '@leftfold/embedded';
import { crashServer } from '@leftfold/testbed/faults';
import { withClient } from '../../../faults/every-subject.ts';
import type { Broker } from '../broker.ts';

/** A second server, on which the queue is. */
export async function startPostgresBroker(): Promise<Broker> {
  const server = await startPostgres({ durable: true });
  const url = server.superuserConnectionString;
  return {
    description: `a queue on a second ${server.description}`,
    urls: [url],
    crash: () => crashServer(server),
    silence: (pause) =>
      withClient(url, async (client) => {
        await client.query('begin; lock table leftfold_queue.messages in access exclusive mode');
        await pause;
        await client.query('rollback');
      }),
    [Symbol.asyncDispose]: () => server.stop(),
  };
}
