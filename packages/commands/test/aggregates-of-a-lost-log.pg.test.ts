import { createEventStore } from '@leftfold/event-store';
import { account, accountEvents, deposited } from '@leftfold/testbed/bank';
import { databaseTest } from '@leftfold/testbed/database';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect, vi } from 'vitest';
import { openBank } from './bank-test.ts';

const test = databaseTest().extend(
  'openStore',
  ({ ownDatabase: { connectionString } }) =>
    () =>
      createEventStore({ connectionString, events: [accountEvents] }),
);

test.beforeEach(({ onTestFinished }) => {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  onTestFinished(() => warn.mockRestore());
});

test.for([
  { lost: 1, replaced: 1 },
  { lost: 2, replaced: 1 },
  { lost: 1, replaced: 2 },
])('a cached state is not that of a lost log: %o', async ({ lost, replaced }, { openStore, ownDatabase }) => {
  guarantee('log-went-back');
  await using store = openStore();
  await store.migrate();
  await using bank = openBank(store);
  await bank.execute(account.command.open('a', { owner: 'Ada' }));
  const backup = await backUpDatabase(ownDatabase.connectionString);
  for (let made = 0; made < lost; made += 1) await bank.execute(account.command.deposit('a', { cents: 1 }));
  await backup.restore();
  await using other = openStore();
  await other.append(
    'account-a',
    Array.from({ length: replaced }, () => deposited(10)),
  );
  const cents = 10 * replaced;
  expect(await bank.execute(account.command.withdraw('a', { cents }))).toMatchObject({
    outcome: 'accepted',
  });
  expect((await bank.load(account, 'a')).state).toMatchObject({ cents: 0 });
});
