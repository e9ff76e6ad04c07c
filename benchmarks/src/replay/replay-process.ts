// Replays a log into a read model in a separate process, and reports its peak memory.
import { createEventStore } from '@leftfold/event-store';
import { createProjectionRunner } from '@leftfold/projections';
import { accountEvents } from '../domain/account.ts';
import { balances } from '../domain/balances.ts';

// The parent process has ended.
process.once('disconnect', () => process.exit());

const [connectionString, version] = process.argv.slice(2);
const projection = balances(Number(version));
{
  await using store = createEventStore({ events: [accountEvents], connectionString });
  await using runner = createProjectionRunner({ store, projections: [projection] });
  await runner.start();
  await runner.whenCaughtUp(projection);
}
process.send?.({ rssMb: process.resourceUsage().maxRSS / 1_024 });
process.disconnect?.();
