import { defineProjection } from '@leftfold/core';
import { accountEvents, balances, deposited, journal } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { untilBlocked } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';

describe('reset', () => {
  test('builds the read model again from the beginning, in another process too', async ({
    logins,
    store,
  }) => {
    guarantee('reset');
    await using elsewhere = openStore(logins.urlOf('process'), { schema: store.schema });
    await using runner = createTestRunner(store, [balances, journal], { leaseMs: 300 });
    const observer = createTestRunner(elsewhere, [balances, journal]);
    await runner.start();
    for (let n = 0; n < 30; n += 1) await store.append(`account-${n % 3}`, [deposited(1)]);
    for (const projection of [balances, journal]) await runner.whenCaughtUp(projection);
    await sql`update ${sql.id(projectionSchema(store.schema, balances), 'balances')} set cents = 0`.execute(
      store.db,
    );
    await sql`delete from ${sql.id(projectionSchema(store.schema, journal), 'entry')}`.execute(store.db);

    for (const projection of [balances, journal]) {
      await observer.reset(projection);
      await observer.whenCaughtUp(projection, { timeoutMs: 10_000 });
    }
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 10 }, { cents: 10 }, { cents: 10 }]);
    expect(await rowsOf(store, journal)).toHaveLength(30);
    await store.append('account-1', [deposited(5)]);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 10 }, { cents: 15 }, { cents: 10 }]);
  });

  test('fences the batch that is being applied: nothing of it remains', async ({ database, store }) => {
    guarantee('reset');
    const gate = new Gate();
    let calls = 0;
    const held = defineProjection({
      name: 'held',
      events: [accountEvents],
      tables: { entry: { columns: { position: 'bigint', call: 'integer' }, primaryKey: ['position'] } },
      on: {
        'account.deposited': async (tx, { position }) => {
          calls += 1;
          const call = calls;
          await tx.insertInto('entry').values({ position, call }).execute();
          if (call === 1) await gate.pass();
        },
      },
    });
    await using runner = createTestRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await gate.reached();
    const reset = runner.reset(held);
    // The runner may end its batch before, as soon as it notices that its lease was taken.
    await Promise.race([untilBlocked(database.connectionString), reset]);
    gate.open();
    await reset;
    await runner.whenCaughtUp(held);
    expect(await rowsOf(store, held)).toEqual([{ position: 1, call: 2 }]);
  });

  test('of a table that a transaction reads waits in turns, and queries go on between them', async ({
    database,
    store,
  }) => {
    await using runner = createTestRunner(store, [balances], { leaseMs: 60_000 });
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(balances);
    await using reader = await beginTransaction(database.connectionString);
    await reader.client.query(`select from "${projectionSchema(store.schema, balances)}".balances`);
    const reset = runner.reset(balances);
    await untilBlocked(database.connectionString);
    for (let query = 0; query < 3; query += 1) expect(await rowsOf(store, balances)).toHaveLength(1);
    await reader.commit();
    await reset;
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1 }]);
  });

  test('recreates a table that differs, and keeps a user’s view on one that does not', async ({
    adminStore: store,
  }) => {
    const runner = createTestRunner(store, [balances]);
    await runner.migrate();
    const schema = projectionSchema(store.schema, balances);
    const table = sql.id(schema, 'balances');
    await sql`create view ${sql.id(schema, 'rich')} as select * from ${table} where cents > 100`.execute(
      store.db,
    );
    await runner.reset(balances);
    await sql`select from ${sql.id(schema, 'rich')}`.execute(store.db);

    await sql`drop view ${sql.id(schema, 'rich')}`.execute(store.db);
    await sql`alter table ${table} drop column owner`.execute(store.db);
    await runner.migrate();
    const differences = ['table "balances": column "owner" is missing'];
    expect(await runner.status()).toMatchObject([{ state: 'mismatched', differences }]);
    await runner.reset(balances);
    await runner.migrate();
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    await runner.whenCaughtUp(balances);
    expect(await rowsOf(store, balances)).toHaveLength(1);
    await runner.stop();
  });
});
