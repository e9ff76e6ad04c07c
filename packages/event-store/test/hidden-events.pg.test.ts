import { opened } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { openStore, test } from './store-test.ts';

describe('when row security hides the events of a stream from the role', () => {
  test('an append to the stream ends with an error that names row security', { timeout: 90_000 }, async ({
    database,
    store,
  }) => {
    await store.append('account-hidden', [opened]);
    await store.pool.query('create role hidden_writer login');
    await store.pool.query(`
      grant usage on schema leftfold to hidden_writer;
      grant all on all tables in schema leftfold to hidden_writer;
      grant all on all sequences in schema leftfold to hidden_writer;
      grant execute on all functions in schema leftfold to hidden_writer;
      alter table leftfold.events enable row level security;
      create policy nothing_seen on leftfold.events for select to hidden_writer using (metadata ->> 'actor' = 'B');
      create policy writes on leftfold.events for insert to hidden_writer with check (true)`);
    const url = new URL(database.connectionString);
    url.searchParams.set('options', '-c role=hidden_writer');
    const inline = { eventTypes: new Set(['account.opened']), apply: async () => {} };
    await using plain = openStore(url.href, { listen: false });
    await using hooked = openStore(url.href, { listen: false, inline });
    const own = [{ ...opened, metadata: { actor: 'B' } }];
    const attempts = [
      () => plain.append('account-hidden', own),
      () => hooked.append('account-hidden', own),
      () =>
        plain.db.transaction().execute((transaction) => plain.append('account-hidden', own, { transaction })),
    ];
    for (const attempt of attempts)
      expect(await failureOf(attempt())).toMatchObject({
        code: 'STORE_UNAVAILABLE',
        message: expect.stringContaining('row security'),
      });
  });
});
