import { given } from '@leftfold/testing';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { createApp } from 'leftfold';
import { expect, test } from 'vitest';
import { account, accountEvents, balances } from '../src/account.ts';

test('an account can be opened only once', () => {
  given(account, [accountEvents.create.opened({ owner: 'Ada' })])
    .when(account.command.open('acc-1', { owner: 'Ada' }))
    .thenRejected('already-open');
});

test('a query returns the row of executed commands', async () => {
  await using database = await createTestDatabase();
  await using app = await createApp({
    database: { url: database.connectionString },
    aggregates: [account],
    projections: [balances],
  });
  await app.execute(account.command.open('acc-1', { owner: 'Ada' }));
  const done = await app.execute(account.command.deposit('acc-1', { cents: 500 }));
  const rows = await app.query(balances, { atLeast: done.token }).execute();
  expect(rows).toEqual([{ account_id: 'account-acc-1', owner: 'Ada', cents: 500 }]);
});

test('a command that the published types do not have does not compile', () => {
  // @ts-expect-error there is no such command
  expect(() => account.command.close('acc-1', {})).toThrow(TypeError);
});
