import { opened } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { describe, expect } from 'vitest';
import { openStore, test } from './store-test.ts';

describe('when row security hides the events of a stream from the owner of the log', () => {
  test('an append to the stream ends with an error that names row security', {
    timeout: 90_000,
  }, async ({ database, pool }) => {
    const role = `${database.name}_owner`;
    await pool.query(`create role "${role}"`);
    await pool.query(`grant create on database "${database.name}" to "${role}"`);
    const url = new URL(database.connectionString);
    url.searchParams.set('options', `-c role=${role}`);
    const options = { listen: false, schema: 'hidden' };
    await using plain = openStore(url.href, options);
    await plain.migrate();
    await plain.append('account-hidden', [opened]);
    await plain.pool.query(`
      alter table hidden.events enable row level security;
      alter table hidden.events force row level security;
      create policy tenant on hidden.events
        using (metadata ->> 'actor' = 'B') with check (metadata ->> 'actor' = 'B')`);
    const inline = { eventTypes: new Set(['account.opened']), apply: async () => {} };
    await using hooked = openStore(url.href, { ...options, inline });
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
    await pool.query('drop schema hidden cascade');
    await pool.query(`drop owned by "${role}"; drop role "${role}"`);
  });
});
