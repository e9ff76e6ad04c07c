import { balances, deposited, journal } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

describe('rebuild', () => {
  test('builds tables anew while the present ones serve, and switches to them', async ({ store }) => {
    guarantee('rebuild-serves');
    await using runner = createTestRunner(store, [balances, journal]);
    await runner.start();
    for (let n = 0; n < 30; n += 1) await store.append(`account-${n % 3}`, [deposited(1)]);
    for (const projection of [balances, journal]) await runner.whenCaughtUp(projection);
    // Wrong rows, which only a rebuild makes right.
    await sql`update ${sql.id(projectionSchema(store.schema, balances), 'balances')} set cents = 0`.execute(
      store.db,
    );
    await sql`delete from ${sql.id(projectionSchema(store.schema, journal), 'entry')} where position > 3`.execute(
      store.db,
    );
    for (const projection of [balances, journal])
      expect(await runner.rebuild(projection)).toMatchObject({ outcome: 'switched' });
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 10 }, { cents: 10 }, { cents: 10 }]);
    expect(await rowsOf(store, journal)).toHaveLength(30);
    // The switched tables go on.
    await store.append('account-1', [deposited(5)]);
    for (const projection of [balances, journal]) await runner.whenCaughtUp(projection);
    expect(await rowsOf(store, balances)).toMatchObject([{ cents: 10 }, { cents: 15 }, { cents: 10 }]);
    expect(await rowsOf(store, journal)).toHaveLength(31);
    expect(await runner.status()).toMatchObject([
      { state: 'running', lag: 0, rebuild: { state: 'previous' } },
      { state: 'running', lag: 0, rebuild: { state: 'previous' } },
    ]);
  });

  test('refuses options that are no object', async ({ store }) => {
    await using runner = createTestRunner(store, [balances]);
    for (const call of ['rebuild', 'rollback'] as const)
      expect(await failureOf(runner[call](balances, null as never))).toMatchObject({
        code: 'INVALID_ARGUMENT',
        argument: 'options',
      });
  });
});
