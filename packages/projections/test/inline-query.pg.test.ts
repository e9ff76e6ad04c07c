import { deposited, journal } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { type QueryOptions, queryProjection } from '../src/index.ts';
import { inlineJournal, test } from './inline-log.ts';
import { createTestRunner } from './runner.ts';

describe('a query of an inline projection that appends do not apply for now', () => {
  test('has every event that was settled when it began, streamed or not', async ({ inlineLog, sameLog }) => {
    guarantee('inline-query');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    const context = { store: log.store, runner: log.runner, isClosed: () => false };
    const query = () =>
      queryProjection(context, inlineJournal, {}).selectFrom('entry').orderBy('position').select('cents');
    const appended: number[] = [];
    for (let cents = 1; cents <= 12; cents += 1) {
      await (cents % 2 === 0 ? old : log.store).append('account-1', [deposited(cents)]);
      appended.push(cents);
      const rows: { cents: number | null }[] = [];
      if (cents % 3 === 0) for await (const row of query().stream()) rows.push(row);
      else rows.push(...(await query().execute()));
      expect(rows.map((row) => row.cents)).toEqual(appended);
    }
  });

  test('has every append that was acknowledged, also beside an older one in flight', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-query');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    const context = { store: log.store, runner: log.runner, isClosed: () => false };
    const cents = (options: QueryOptions) =>
      queryProjection(context, inlineJournal, options).selectFrom('entry').select('cents').execute();
    await old.append('account-1', [deposited(1)]);
    const caller = await beginTransaction(database.connectionString);
    const append = `select "${log.store.schema}".append($1, $2)`;
    const event = { type: 'account.deposited', data: { cents: 2 } };
    await caller.client.query(append, ['account-2', JSON.stringify([event])]);
    await log.store.append('account-3', [deposited(3)]);
    expect(await failureOf(cents({ timeoutMs: 200 }))).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    const asked = cents({ timeoutMs: 20_000 });
    await caller.client.query('commit');
    await caller.client.end();
    expect(await asked).toHaveLength(3);
  });

  test('fails, if it must not or cannot wait, instead of returning older rows', async ({
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-query');
    await using log = await inlineLog([inlineJournal]);
    await log.runner.stop();
    await using old = sameLog(log.store);
    await using observer = createTestRunner(log.store, [inlineJournal]);
    const context = { store: log.store, runner: observer, isClosed: () => false };
    const read = (options: QueryOptions) =>
      queryProjection(context, inlineJournal, options)
        .selectFrom('entry')
        .orderBy('position')
        .select('cents')
        .execute();
    await old.append('account-1', [deposited(1)]);
    for (const options of [{ ifNotCaughtUp: 'fail' }, { timeoutMs: 50 }] as const) {
      expect(await failureOf(read(options))).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
    }
    // An async projection is read as it is.
    expect(
      await queryProjection(context, journal, {})
        .selectFrom('entry')
        .orderBy('position')
        .select('cents')
        .execute(),
    ).toEqual([]);
    await sql`update ${sql.id(log.store.schema, 'subscriptions')} set position = 1`.execute(old.db);
    expect(await read({ ifNotCaughtUp: 'fail' })).toEqual([]);
  });
});
