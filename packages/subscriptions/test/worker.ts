// A process of its own that runs a subscription until it is killed.
import { createRunner, openStore, recorder } from './recorder.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '' } = process.env;
const store = openStore(database, { schema });
const runner = createRunner(store, [recorder(store, 'recorder', { by: 'worker' })], {
  leaseMs: 1_000,
  batchSize: 5,
});
await runner.start();
