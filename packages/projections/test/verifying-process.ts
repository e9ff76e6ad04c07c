// A process of its own that has built a replay, and is killed then.
import { balances } from '@leftfold/testbed/bank';
import { ProjectionAudit } from '../src/index.ts';
import { createTestRunner, openStore } from './runner.ts';

const [connectionString = '', schema = ''] = process.argv.slice(2);
const store = openStore(connectionString, { schema });
const audit = new ProjectionAudit({ store, runner: createTestRunner(store, [balances]) });
await audit.verify(balances, {
  onProgress: () => {
    process.stdout.write('replaying\n');
    for (;;);
  },
});
