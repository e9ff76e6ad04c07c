// A process of its own that runs a subscription until it is killed, or its parent stops it.
import { sql } from 'kysely';
import { createRunner, openStore, recorder } from './recorder.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '', WORKER_ANSWER = '0' } = process.env;
const { WORKER_LEASE_MS = '1000' } = process.env;
const answerSize = Number(WORKER_ANSWER);

const store = openStore(database, { schema });
const subscription = recorder(store, 'recorder', {
  by: 'worker',
  onEvent: async (_event, tx) => {
    if (answerSize === 0) return;
    // More than the sockets of both sides hold: while this process is stopped, the server waits for it to read on.
    const answer = sql`select repeat('x', ${answerSize}::integer)`.execute(tx);
    setImmediate(() => process.kill(process.pid, 'SIGSTOP'));
    await answer;
  },
});
const runner = createRunner(store, [subscription], { leaseMs: Number(WORKER_LEASE_MS), batchSize: 5 });
await runner.start();
