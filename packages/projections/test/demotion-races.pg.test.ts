import { auditEvents, deposited } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { centsOf, inlineJournal, statesOf, sums, test } from './inline-log.ts';

const noted = auditEvents.create.noted({ note: 'beside' });
const pending = <T>(promise: Promise<T>) => {
  promise.catch(() => {});
  return { promise };
};

describe('an append that does not apply an inline projection', () => {
  test('waits for one that does, and comes after it', async ({ database, inlineLog, sameLog }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums]);
    await using old = sameLog(log.store);
    await using caller = await beginTransaction(database.connectionString);
    await log.store.append('account-1', [deposited(1)], { transaction: caller.client });
    const missed = pending(old.append('account-2', [deposited(2)]));
    await untilBlocked(database.connectionString);
    // Neither appends of other events nor the open one are held up by it.
    await old.append('audit-1', [noted]);
    await log.store.append('account-1', [deposited(4)], { transaction: caller.client });
    await caller.commit();
    await missed.promise;
    await log.runner.whenCaughtUp(sums);
    expect(await centsOf(log.store, sums)).toEqual([7]);
  });

  test('holds up one that does, which then leaves it to the runner', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums]);
    await using old = sameLog(log.store);
    await using caller = await beginTransaction(database.connectionString);
    await old.append('account-1', [deposited(1)], { transaction: caller.client });
    const applied = pending(log.store.append('account-2', [deposited(2)]));
    await untilBlocked(database.connectionString);
    await old.append('audit-1', [noted]);
    await caller.commit();
    await applied.promise;
    await log.runner.whenCaughtUp(sums);
    expect(await centsOf(log.store, sums)).toEqual([3]);
  });

  test('and began before the projection became inline is applied before', async ({
    database,
    inlineLogToStart,
  }) => {
    guarantee('inline-complete');
    const calls = [
      `_append_one(stream_id => 'account-1', expected_version => -1, event_id => 'one',
                   event_type => 'account.deposited', event_schema_version => 1, event_data => '{"cents":1}',
                   event_metadata => '{}', event_tags => '{}')`,
      `append('account-1', '[{"type":"account.deposited","data":{"cents":1}}]')`,
    ];
    for (const call of calls) {
      await using log = await inlineLogToStart([sums]);
      await using caller = await beginTransaction(database.connectionString);
      await caller.client.query(`select "${log.store.schema}".${call}`);
      await log.runner.start();
      await untilBlocked(database.connectionString);
      await caller.commit();
      await log.runner.whenCaughtUp(sums);
      expect(await statesOf(log.runner)).toEqual(['inline']);
      expect(await centsOf(log.store, sums)).toEqual([1]);
    }
  });

  test('and begins while the projection becomes inline ends that first', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums]);
    await using old = sameLog(log.store);
    const { schema } = log.store;
    const becomeInline = async () => {
      const caller = await beginTransaction(database.connectionString);
      await caller.client.query(`select "${schema}"._lock_appends()`);
      await caller.client.query(
        `select "${schema}"._mark_inline(name, version, slice, epoch, owner, position, position) from "${schema}".subscriptions`,
      );
      return caller;
    };
    const appends = [
      () => old.append('account-1', [deposited(1)]),
      () => old.append('account-1', [deposited(1), deposited(1)]),
      () =>
        old.db
          .transaction()
          .execute((transaction) => old.append('account-1', [deposited(1)], { transaction })),
    ];
    await appends[0]!();
    for (const append of appends) {
      await log.runner.whenCaughtUp(sums);
      await using caller = await becomeInline();
      const missed = pending(append());
      await untilBlocked(database.connectionString);
      await caller.commit();
      await missed.promise;
      expect(await statesOf(log.runner)).not.toEqual(['inline']);
    }
    await log.runner.whenCaughtUp(sums);
    expect(await centsOf(log.store, sums)).toEqual([5]);
  });

  test('is one of two at the same time, and the projection is demoted once', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums]);
    await using old = sameLog(log.store);
    await using older = sameLog(log.store);
    await using caller = await beginTransaction(database.connectionString);
    await log.store.append('account-1', [deposited(1)], { transaction: caller.client });
    const both = [old, older].map((store, n) =>
      pending(Promise.all([1, 2].map((m) => store.append(`account-${n}-${m}`, [deposited(1)])))),
    );
    await untilBlocked(database.connectionString, { count: 2 });
    await caller.commit();
    for (const { promise } of both) await promise;
    await log.runner.whenCaughtUp(sums);
    expect(await centsOf(log.store, sums)).toEqual([5]);
    const { rows } = await sql`select demotions from ${sql.id(log.store.schema, 'subscriptions')}`.execute(
      log.store.db,
    );
    expect(rows).toEqual([{ demotions: 1 }]);
  });

  test('in two transactions that hold earlier appends does not deadlock', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    await using log = await inlineLog([sums]);
    await using old = sameLog(log.store);
    await using first = await beginTransaction(database.connectionString);
    await using second = await beginTransaction(database.connectionString);
    await old.append('audit-1', [noted], { transaction: first.client });
    await old.append('audit-2', [noted], { transaction: second.client });
    await old.append('account-1', [deposited(1)], { transaction: first.client });
    const waiting = pending(old.append('account-2', [deposited(2)], { transaction: second.client }));
    await untilBlocked(database.connectionString);
    await first.commit();
    await waiting.promise;
    await second.commit();
    await log.runner.whenCaughtUp(sums);
    expect(await centsOf(log.store, sums)).toEqual([3]);
  });
});

describe('two transactions that apply one inline projection and not another one', () => {
  test('do not wait for each other to end the inline mode of the other one', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([sums, inlineJournal]);
    await using old = sameLog(log.store, [sums]);
    const url = database.connectionString;
    await using holder = await beginTransaction(url);
    await log.store.append('account-0', [deposited(1)], { transaction: holder.client });
    const callers = [await beginTransaction(url), await beginTransaction(url)];
    const appends = callers.map((caller, n) =>
      pending(
        old
          .append(`account-${n + 1}`, [deposited(2)], { transaction: caller.client })
          .then(() => caller.commit()),
      ),
    );
    await untilBlocked(url, { count: 2 });
    await holder.commit();
    for (const { promise } of appends) await promise;
    for (const projection of [sums, inlineJournal]) await log.runner.whenCaughtUp(projection);
    expect(await centsOf(log.store, sums)).toEqual([5]);
    expect(await centsOf(log.store, inlineJournal)).toHaveLength(3);
    expect(await statesOf(log.runner)).toEqual(['inline', 'running']);
  });
});

describe('when a session is killed', () => {
  test('between a demotion and its commit, the projection is still inline', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    await using caller = await beginTransaction(database.connectionString);
    await old.append('account-1', [deposited(1)], { transaction: caller.client });
    const applied = pending(log.store.append('account-2', [deposited(2)]));
    await untilBlocked(database.connectionString);
    await sql`select pg_terminate_backend(${caller.pid})`.execute(log.store.db);
    await applied.promise;
    expect(await statesOf(log.runner)).toEqual(['inline']);
    expect(await centsOf(log.store, inlineJournal)).toEqual([2]);
  });

  test('between a demotion and the append it is for, nothing is missing', async ({ inlineLog, sameLog }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    await log.store.append('account-1', [deposited(1)]);
    await sql`select ${sql.id(log.store.schema, '_demote_inline_projections')}(array['account.deposited'], '{}')`.execute(
      old.db,
    );
    // Nothing is to be applied, and still it is not made inline again at once.
    await until(async () => (await statesOf(log.runner))[0] === 'running', { message: 'a runner' });
    await log.store.append('account-1', [deposited(2)]);
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await statesOf(log.runner)).toEqual(['running']);
    expect(await centsOf(log.store, inlineJournal)).toEqual([1, 2]);
  });

  test('in an append that applies the projection, the one that waits for it goes on', async ({
    database,
    inlineLog,
    sameLog,
  }) => {
    guarantee('inline-complete');
    await using log = await inlineLog([inlineJournal]);
    await using old = sameLog(log.store);
    await using caller = await beginTransaction(database.connectionString);
    await log.store.append('account-1', [deposited(1)], { transaction: caller.client });
    const missed = pending(old.append('account-2', [deposited(2)]));
    await untilBlocked(database.connectionString);
    await sql`select pg_terminate_backend(${caller.pid})`.execute(log.store.db);
    await missed.promise;
    await log.runner.whenCaughtUp(inlineJournal);
    expect(await centsOf(log.store, inlineJournal)).toEqual([2]);
  });
});
