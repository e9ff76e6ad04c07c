import { balances } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { createApp } from '../src/index.ts';
import { startBank, test } from './app-test.ts';

const never = () => new Promise<never>(() => {});

describe('a read whose callback does not end', () => {
  test('ends with its signal, and gives its connection back', async ({
    ownDatabase: { connectionString },
  }) => {
    await using app = await startBank(connectionString);
    const stop = new AbortController();
    let began = false;
    const reading = failureOf(
      app.read([balances], { signal: stop.signal }, async (db) => {
        await db.selectFrom('balances').selectAll().execute();
        began = true;
        return never();
      }),
    );
    await until(() => began);
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await reading).toBe(reason);
    const { pool } = app.store;
    await until(() => pool.idleCount === pool.totalCount);
    const { rows } = await pool.query(
      `select from pg_stat_activity where datname = current_database() and state like 'idle in transaction%'`,
    );
    expect(rows).toEqual([]);
  });

  test('ends with the connection, which the server closes after it was idle for too long', async ({
    ownDatabase: { connectionString },
  }) => {
    const app = await createApp({ database: { url: connectionString }, projections: [balances] });
    let began = false;
    const reading = failureOf(
      app.read([balances], {}, async (db) => {
        await db.selectFrom('balances').selectAll().execute();
        began = true;
        return never();
      }),
    );
    await until(() => began);
    // Does not wait for longer than the server does.
    await app.close();
    expect(await reading).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      message: expect.stringContaining('the connection of app.read has ended'),
    });
  });
});
