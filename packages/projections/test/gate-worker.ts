// A process of its own that asks for a rebuild with a condition, and is killed before it decides.
import { balances } from '@leftfold/testbed/bank';
import { createTestRunner, openStore } from './runner.ts';

const { WORKER_DATABASE: database = '', WORKER_SCHEMA: schema = '' } = process.env;
const runner = createTestRunner(openStore(database, { schema }), [balances], { release: 'tested' });
await runner.rebuild(balances, { switchIf: () => true });
