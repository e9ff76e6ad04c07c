import type { Subject } from '../../subject.ts';
import {
  account,
  CLOSED_ACCOUNTS,
  closedAccountId,
  OPEN_ACCOUNTS,
  OPENED_WITH,
  openAccountId,
} from './bank.ts';
import { errand, errandAggregates } from './errands.ts';
import { executedBy } from './executed-otherwise.ts';
import { OpenedApp } from './opened-app.ts';
import { ProcessesTrial } from './processes-trial.ts';
import { office, officeId, OFFICES } from './trips.ts';

/** Processes of an app, written by `defineProcess` and `defineSaga`, that several operating system processes run. */
export const processes: Subject = {
  name: 'processes',
  description:
    'Processes of one app begin transfers and bookings and run them, while everything fails; what became of each is compared with the log, and so are the tables for operators',
  holds:
    'Every instance came to a declared end, or waits for its deadline; every command happened once; no money was lost.',
  processes: 3,
  controls: [
    { name: 'ids', change: 'commands are executed with random ids', mustFind: 'command' },
    { name: 'bar', change: 'a former owner records late what became of its command', mustFind: 'late' },
  ],
  start: async (ground) => {
    await prepare(ground.connectionString);
    return new ProcessesTrial(ground);
  },
};

/** Creates the log, its tables and the accounts, so that no process is the first one. */
async function prepare(connectionString: string): Promise<void> {
  await using app = new OpenedApp({ connectionString });
  const { store, executor } = app;
  await store.migrate();
  await app.runner(executedBy(executor)).migrate();
  await using races = new OpenedApp({ connectionString, aggregates: errandAggregates, processes: [errand] });
  await races.runner(executedBy(races.executor)).migrate();
  const numbers = (length: number) => Array.from({ length }, (_, index) => index + 1);
  await Promise.all(
    numbers(OPEN_ACCOUNTS).map((number) =>
      executor.execute(account.command.open(openAccountId(number), { cents: OPENED_WITH })),
    ),
  );
  for (const number of numbers(OFFICES)) await executor.execute(office.command.open(officeId(number), {}));
  for (const number of numbers(CLOSED_ACCOUNTS)) {
    await executor.execute(account.command.open(closedAccountId(number), { cents: 0 }));
    await executor.execute(account.command.close(closedAccountId(number), {}));
  }
}
