// A process of its own that runs projections until it is killed.
import { balances, journal } from '@leftfold/testbed/bank';
import { createTestRunner, openStore } from './runner.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '', WORKER_SLICES = '1' } = process.env;
const slices = Number(WORKER_SLICES);
const store = openStore(database, { schema });
const projections = [
  { ...journal, slices },
  { ...balances, slices },
];
const runner = createTestRunner(store, projections, { owner: 'worker', leaseMs: 1_000, batchSize: 5 });
await runner.start();
