import { EventCatalog } from '@leftfold/core';
import { appendLimits, prepareRequest } from '@leftfold/core/append';
import { accountEvents, deposited } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { InlineDemotion } from '../src/append/inline-demotion.ts';
import { openStore, test } from './store-test.ts';

test('an append that may not end an inline mode is refused, and names the sessions that hold it', async ({
  database,
  store,
  pool,
}) => {
  await pool.query(`
    insert into leftfold.inline_projections (name, version, slice, definition_hash, event_types)
    values ('journal', 1, 0, 'hash', '{account.deposited}')`);
  const inline = {
    eventTypes: new Set(['account.deposited']),
    applies: ['journal/1/hash'],
    apply: async () => {},
  };
  await using applying = openStore(database.connectionString, { inline });
  await using caller = await beginTransaction(database.connectionString);
  await caller.client.query(`set application_name = 'a long report'`);
  await applying.append('account-held', [deposited(1)], { transaction: caller.client });

  // Once, in place of fifteen times.
  const demotion = new InlineDemotion(store.run, store.schema, () => {}, 1);
  const catalog = new EventCatalog([accountEvents]);
  const context = { catalog, limits: appendLimits(undefined), now: Date.now() };
  const request = prepareRequest(context, [{ streamId: 'account-2', events: [deposited(2)] }], {});
  const refused = await failureOf(demotion.untilApplied(request, [], async () => ({ kind: 'not-applied' })));
  expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, cause: { code: '55P03' } });
  expect(String(refused)).toContain(`a long report (backend ${caller.pid})`);
  await caller.commit();
  await store.append('account-2', [deposited(2)]);
  const { rows } = await pool.query('select name from leftfold.inline_projections');
  expect(rows).toEqual([]);
});
