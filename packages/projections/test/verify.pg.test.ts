import { type AnyProjection, defineProjection, defineTableProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import {
  accountEvents,
  balances,
  deposited,
  journal,
  openBalances,
  opened,
  withdrawn,
} from '@leftfold/testbed/bank';
import { failureOf, tokenAt } from '@leftfold/testbed/outcome';
import { guarantee } from '@leftfold/testbed/guarantees';
import { describe, expect } from 'vitest';
import { ProjectionAudit, type ProjectionRunner, inlineProjections, projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';

const auditOf = (store: PostgresEventStore, runner: ProjectionRunner) =>
  new ProjectionAudit({ store, runner, onIncident: () => {} });

const tableOf = (store: PostgresEventStore, projection: AnyProjection, table = projection.tables[0]?.name) =>
  `"${projectionSchema(store.schema, projection)}"."${table}"`;

/** The schemas and subscriptions of replays that there are. */
async function replaysOf({ pool, schema }: PostgresEventStore): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(`
    select nspname as name from pg_namespace where nspname ~ '^${schema}__[0-9a-f]{16}$'
    union all select name from ${schema}.subscriptions where name ~ '[+][0-9a-f]{16}$'`);
  return rows.map(({ name }) => name);
}

async function fill(store: PostgresEventStore, accounts: number): Promise<number> {
  let last = 0;
  for (let n = 1; n <= accounts; n += 1)
    last = (await store.append(`account-${n}`, [opened, deposited(n), withdrawn(1)])).position;
  return last;
}

describe('verify', () => {
  test('finds every kind of wrong row, and repair replaces them while events arrive', async ({
    adminStore: store,
  }) => {
    guarantee('verify', 'repair');
    await using runner = createTestRunner(store, [balances]);
    await using audit = auditOf(store, runner);
    await runner.start();
    await fill(store, 60);
    await runner.whenCaughtUp(balances);
    expect(await audit.verify(balances)).toMatchObject({
      equal: true,
      rows: 60,
      betweenReplays: undefined,
      message: expect.stringMatching(
        /^all 60 rows of projection "balances" version 1 at position \d+ are as/,
      ),
    });

    await store.pool.query(`
      update ${tableOf(store, balances)} set cents = cents + 1 where account_id = 'account-7';
      delete from ${tableOf(store, balances)} where account_id = 'account-8';
      insert into ${tableOf(store, balances)} values ('account-x', '', 9007199254740993, 1)`);
    let stopped = false;
    const writing = (async () => {
      // Not the wrong rows: those that are in memory would be written over them.
      for (let n = 0; !stopped; n += 1) await store.append(`account-${20 + (n % 40)}`, [deposited(1)]);
    })();
    const found = await audit.verify(balances);
    expect(found).toMatchObject({ equal: false, missing: 1, extra: 1, different: 1 });
    expect(new Set(found.keys)).toEqual(
      new Set([
        { table: 'balances', key: { account_id: 'account-7' }, kind: 'different', columns: ['cents'] },
        { table: 'balances', key: { account_id: 'account-8' }, kind: 'missing', columns: [] },
        { table: 'balances', key: { account_id: 'account-x' }, kind: 'extra', columns: [] },
      ]),
    );
    expect(found.betweenReplays).toMatchObject({ equal: true });
    expect(found.message).toContain('1 rows missing, 1 extra, 1 different of projection "balances"');
    expect(found.message).toContain('repair()');
    expect(found.message).not.toContain('account-7');

    const repair = await audit.repair(balances);
    expect(repair).toMatchObject({
      repaired: 3,
      verification: { equal: false },
      message: `3 rows of projection "balances" version 1 were replaced, at position ${repair.position}`,
    });
    await store.append('account-7', [deposited(5)]);
    stopped = true;
    await writing;
    await runner.whenCaughtUp(balances);
    expect(await audit.verify(balances)).toMatchObject({ equal: true, rows: 60 });
    expect(await audit.repair(balances)).toMatchObject({ repaired: 0, position: undefined });
    expect(await replaysOf(store)).toEqual([]);
  });

  test('repairs rows that the process which applies the projection has in memory', async ({
    adminStore: store,
  }) => {
    guarantee('repair');
    await fill(store, 3);
    await using first = createTestRunner(store, [balances]);
    await first.start();
    await first.whenCaughtUp(balances);
    await first.stop();
    await store.pool.query(`update ${tableOf(store, balances)} set cents = 1000`);
    await using runner = createTestRunner(store, [balances]);
    await using audit = auditOf(store, runner);
    await runner.start();
    for (let n = 1; n <= 3; n += 1) await store.append(`account-${n}`, [deposited(1)]);
    await runner.whenCaughtUp(balances);
    expect(await audit.repair(balances)).toMatchObject({ repaired: 3 });
    for (let n = 1; n <= 3; n += 1) await store.append(`account-${n}`, [deposited(1)]);
    await runner.whenCaughtUp(balances);
    expect(await audit.verify(balances)).toMatchObject({ equal: true, rows: 3 });
  });

  test('compares at one position, with slices that are at different ones', async ({ adminStore: store }) => {
    guarantee('verify');
    const sliced = { ...balances, slices: 3 };
    await using runner = createTestRunner(store, [sliced]);
    await using audit = auditOf(store, runner);
    await runner.start();
    let stopped = false;
    const writing = (async () => {
      for (let n = 0; !stopped; n += 1) await store.append(`account-${n % 20}`, [deposited(n)]);
    })();
    for (let n = 0; n < 3; n += 1) expect(await audit.verify(sliced)).toMatchObject({ equal: true });
    stopped = true;
    await writing;
  });

  test('works for handlers, all their tables', async ({ adminStore: store }) => {
    guarantee('verify');
    await using runner = createTestRunner(store, [journal]);
    await using audit = auditOf(store, runner);
    await runner.start();
    await fill(store, 5);
    await runner.whenCaughtUp(journal);
    expect(await audit.verify(journal, { replays: 2 })).toMatchObject({
      equal: true,
      rows: 5,
      betweenReplays: { equal: true },
    });
    await store.pool.query(`delete from ${tableOf(store, journal)} where cents = 3`);
    expect(await audit.repair(journal)).toMatchObject({ repaired: 1 });
    expect(await rowsOf(store, journal)).toHaveLength(5);
    expect(await audit.verify(journal)).toMatchObject({ equal: true });
  });

  test('works for an inline projection, and appends go on', async ({ database }) => {
    guarantee('verify', 'repair');
    const projections = [openBalances];
    const schema = 'inline_verified';
    const store = await freshStore(database, { schema, inline: inlineProjections(projections, { schema }) });
    await using runner = createTestRunner(store, projections);
    await using audit = auditOf(store, runner);
    await runner.start();
    await runner.whenCaughtUp(openBalances);
    await fill(store, 20);
    let stopped = false;
    let appended = 0;
    const writing = (async () => {
      for (; !stopped; appended += 1) await store.append(`account-${appended % 20}`, [deposited(1)]);
    })();
    expect(await audit.verify(openBalances)).toMatchObject({ equal: true });
    await store.pool.query(
      `update ${tableOf(store, openBalances)} set cents = -1 where account_id = 'account-3'`,
    );
    expect(await audit.verify(openBalances)).toMatchObject({ different: 1 });
    expect(await audit.repair(openBalances)).toMatchObject({ repaired: 1 });
    stopped = true;
    await writing;
    expect(await audit.verify(openBalances)).toMatchObject({ equal: true });
    expect(appended).toBeGreaterThan(10);
    await store.close();
  });

  test('tells a projection that depends on something else than its events', async ({ adminStore: store }) => {
    const random = defineTableProjection({
      name: 'random',
      events: [accountEvents],
      columns: { account_id: 'text', luck: 'double precision', seen: 'timestamptz' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { luck: 0, seen: new Date(0) },
      evolve: {
        'account.deposited': (row) => ({ ...row, luck: Math.random(), seen: new Date() }),
        'account.opened': (row) => row,
      },
    });
    const batches = defineProjection({
      name: 'batches',
      events: [accountEvents],
      tables: { sizes: { columns: { first: 'bigint', size: 'integer' }, primaryKey: ['first'] } },
      onBatch: (tx, events) =>
        tx.insertInto('sizes').values({ first: events[0]!.position, size: events.length }),
    });
    await fill(store, 1);
    await store.append(
      'account-2',
      Array.from({ length: 300 }, () => deposited(1)),
    );
    await using runner = createTestRunner(store, [random, batches]);
    await using audit = auditOf(store, runner);
    await runner.start();
    await runner.whenCaughtUp(random);
    await runner.whenCaughtUp(batches);
    const found = await audit.verify(random);
    expect(found.betweenReplays).toMatchObject({ equal: false, different: 2 });
    expect(found.betweenReplays?.keys[0]?.columns).toEqual(['luck', 'seen']);
    expect(found.message).toContain('depends on something else than its events');
    expect(await failureOf(audit.repair(random))).toMatchObject({ code: 'REPAIR_REFUSED' });
    expect((await audit.verify(batches, { replays: 2 })).betweenReplays).toMatchObject({ equal: false });
    expect(await replaysOf(store)).toEqual([]);
  });

  test('says which event cannot be applied, ends with its signal, and leaves nothing behind', async ({
    adminStore: store,
  }) => {
    let fails = false;
    const fragile = defineTableProjection({
      name: 'fragile',
      events: [accountEvents],
      columns: { account_id: 'text', cents: 'bigint' },
      key: ({ streamId }) => ({ account_id: streamId }),
      initialRow: { cents: 0 },
      evolve: {
        'account.deposited': (row, { data }) => {
          if (fails) throw new Error('does not work any more');
          return { ...row, cents: data.cents };
        },
      },
    });
    const position = await fill(store, 2);
    await using runner = createTestRunner(store, [fragile]);
    await using audit = auditOf(store, runner);
    await runner.start();
    await runner.waitFor(fragile, await tokenAt(store, position));
    fails = true;
    expect(await failureOf(audit.verify(fragile))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      kind: 'replay of projection',
      subscription: 'fragile',
      eventType: 'account.deposited',
    });
    fails = false;
    const stop = new AbortController();
    const stoppedEarly = audit.verify(fragile, {
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stoppedEarly).rejects.toThrow('enough');
    const closing = audit.verify(fragile, { onProgress: () => void audit.close() });
    expect(await failureOf(closing)).toMatchObject({ code: 'CLOSED' });
    expect(await replaysOf(store)).toEqual([]);
  });

  test('is refused for what is none, and for another definition', async ({ adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    await using audit = auditOf(store, runner);
    await runner.migrate();
    for (const options of [{ limit: 0.5 }, { replays: 3 }, { signal: 1 }, { keys: 1 }])
      expect(await failureOf(audit.verify(balances, options as never))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    expect(await failureOf(audit.verify({} as never))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    expect(await failureOf(audit.verify(journal))).toMatchObject({ code: 'SUBSCRIPTION_NOT_FOUND' });
    const other = { ...balances, initialRow: { owner: 'nobody', cents: 0, events: 0 } };
    await using another = createTestRunner(store, [other]);
    expect(await failureOf(auditOf(store, another).verify(other))).toMatchObject({
      code: 'SUBSCRIPTION_MISMATCH',
    });
  });
});
