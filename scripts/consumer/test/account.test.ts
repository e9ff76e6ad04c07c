import { given } from '@leftfold/testing';
import { createTestDatabase } from '@leftfold/testing/postgres';
import { createApp } from 'leftfold';
import { expect, test } from 'vitest';
import { account, accountEvents, balances } from '../src/account.ts';

test('an account is opened once', () => {
  given(account, [accountEvents.create.opened({ owner: 'Ada' })])
    .when(account.command.open('acc-1', { owner: 'Ada' }))
    .thenRejected('already-open');
});

test('commands lead to rows', async () => {
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

test('what the published types refuse does not compile', () => {
  // @ts-expect-error there is no such command
  expect(() => account.command.close('acc-1', {})).toThrow(TypeError);
});
