// One of the processes that share the slices of a projection. It runs until its parent ends it.
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner } from '@leftfold/projections';
import { accountEvents } from '../domain/account.ts';
import { sealedBalances } from '../domain/sealed-balances.ts';

const [connectionString = ''] = process.argv.slice(2);
const store = createEventStore({ events: [accountEvents], connectionString });
const runner = createProjectionRunner({ store, projections: [sealedBalances], leaseMs: 1_500 });
await runner.start();
process.once('disconnect', () => void runner.stop().then(() => process.exit()));
