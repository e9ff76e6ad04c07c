import { balances, deposited } from '@leftfold/testbed/bank';
import { pauseFunction } from '@leftfold/testbed/faults';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { type ProjectionRunner, projectionSchema } from '../src/index.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';
import { test } from './runner-test.ts';

const copyOf = async (runner: ProjectionRunner) => (await runner.status())[0]?.rebuild;

describe('two calls for one copy', () => {
  test('a rebuild that is dropped before its leases are looked for says that it was', async ({
    database,
  }) => {
    await using store = openStore(database.connectionString);
    await store.migrate();
    await using runner = createTestRunner(store, [balances]);
    await runner.migrate();
    const place = /_resume_subscription\.version/;
    await using pause = await pauseFunction(database.connectionString, '_resume_subscription', place);
    const rebuilt = failureOf(runner.rebuild(balances));
    await pause.reached();
    await runner.dropRebuild(balances);
    await pause.resume();
    expect(await rebuilt).toMatchObject({ code: 'REBUILD_DROPPED', projection: 'balances' });
  });

  test('a condition that keeps a copy which was dropped meanwhile is told that it was', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    const switchIf = async () => {
      await runner.dropRebuild(balances);
      return false;
    };
    expect(await failureOf(runner.rebuild(balances, { switchIf }))).toMatchObject({
      code: 'REBUILD_DROPPED',
    });
  });

  test('of two conditions, the one that keeps is told that the other one has let it serve', async ({
    store,
  }) => {
    await using runner = createTestRunner(store, [balances]);
    await runner.start();
    await store.append('account-1', [deposited(1)]);
    const switchIf = async () => {
      await runner.rebuild(balances, { switchIf: () => true });
      return false;
    };
    const message =
      'projection "balances" version 1: another call of rebuild() has let the new tables serve once they have caught up';
    expect(await failureOf(runner.rebuild(balances, { switchIf }))).toMatchObject({
      code: 'REBUILD_REFUSED',
      message,
    });
  });

  test('a rollback joins one that is going on, as after its process was killed', async ({ store }) => {
    const builder = createTestRunner(store, [balances]);
    await builder.start();
    await store.append('account-1', [deposited(1)]);
    await builder.rebuild(balances);
    await builder.stop();
    await using asking = createTestRunner(store, [balances]);
    const first = asking.rollback(balances);
    first.catch(() => {});
    await until(async () => (await copyOf(asking))?.state !== 'previous');
    const second = asking.rollback(balances);
    second.catch(() => {});
    await using other = createTestRunner(store, [balances]);
    await other.start();
    expect(await second).toEqual(await first);
  });

  test('a rebuild begins anew while a rollback is going on, which ends', async ({ store }) => {
    const builder = createTestRunner(store, [balances]);
    await builder.start();
    await store.append('account-1', [deposited(1)]);
    await builder.whenCaughtUp(balances);
    const table = sql.id(projectionSchema(store.schema, balances), 'balances');
    await sql`update ${table} set cents = 100`.execute(store.db);
    await builder.rebuild(balances);
    await builder.stop();
    await using asking = createTestRunner(store, [balances]);
    const rollback = failureOf(asking.rollback(balances));
    await until(async () => (await copyOf(asking))?.state !== 'previous');
    const rebuilt = asking.rebuild(balances);
    rebuilt.catch(() => {});
    await using other = createTestRunner(store, [balances]);
    await other.start();
    expect(await rollback).toMatchObject({ code: 'REBUILD_DROPPED' });
    expect(await rebuilt).toMatchObject({ outcome: 'switched' });
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 1 }]);
  });
});
