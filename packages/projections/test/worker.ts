// A process of its own that runs projections until it is killed.
import { balances, journal } from '@leftfold/testbed/bank';
import { createTestRunner, openStore } from './runner.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '' } = process.env;
const store = openStore(database, { schema });
const runner = createTestRunner(store, [journal, balances], { leaseMs: 1_000, batchSize: 5 });
await runner.start();
