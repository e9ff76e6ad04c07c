// A process of its own that runs projections until it is killed, with an option of the runner.
import { balances } from '@leftfold/testbed/bank';
import { createTestRunner, openStore } from './runner.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '' } = process.env;
const runner = createTestRunner(openStore(database, { schema }), [balances], {
  owner: 'worker',
  release: 'tested',
  leaseMs: 1_000,
});
await runner.start();
