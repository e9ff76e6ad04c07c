import { InvalidArgumentError } from '@leftfold/core';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, recorder } from './recorder.ts';

// Subscriptions of one name that differ in version only.
describe('subscriptions of one name', () => {
  test('with two versions run side by side in one process', async ({ store }) => {
    const gate = new Gate();
    const old = recorder(store, 'shared', { version: 1, onEvent: () => gate.pass() });
    const next = recorder(store, 'shared', { version: 2 });
    await using runner = createRunner(store, [old, next]);
    await runner.start();
    const { position } = await store.append('counter-1', [added(7)]);
    await gate.reached();

    await runner.waitForPosition(next, position);
    expect(await failureOf(runner.waitForPosition(old, position, { timeoutMs: 30 }))).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      version: 1,
      reached: 0,
    });
    expect(await runner.status()).toMatchObject([
      { name: 'shared', version: 1, state: 'running', position: 0, lag: 1 },
      { name: 'shared', version: 2, state: 'running', position: 1, lag: 0 },
    ]);
    gate.open();
    await runner.waitForPosition(old, position);
    expect(await amountsOf(store, 'shared', { version: 1 })).toEqual([7]);
    expect(await amountsOf(store, 'shared', { version: 2 })).toEqual([7]);
  });

  test('keep a lease that was lost apart from one that was not', async ({ adminStore: store }) => {
    const versions = [1, 2].map((version) => recorder(store, 'shared', { version }));
    await using runner = createRunner(store, versions, { owner: 'runner', leaseMs: 1_000 });
    await runner.start();
    await until(async () => (await runner.status()).every(({ state }) => state === 'running'));
    const subscriptions = sql.id(store.schema, 'subscriptions');
    const epochs = async () => {
      const { rows } = await sql<{ epoch: number }>`
        select epoch from ${subscriptions} order by version`.execute(store.db);
      return rows.map(({ epoch }) => epoch);
    };
    expect(await epochs()).toEqual([1, 1]);
    await sql`update ${subscriptions} set epoch = 8, lease_until = clock_timestamp() where version = 2`.execute(
      store.db,
    );
    for (const amount of [1, 2, 3]) {
      const { position } = await store.append('counter-1', [added(amount)]);
      for (const version of versions) await runner.waitForPosition(version, position);
    }
    expect(await epochs()).toEqual([1, 9]);
    for (const version of [1, 2]) expect(await amountsOf(store, 'shared', { version })).toEqual([1, 2, 3]);
  });

  test('are refused when the version is the same, or no whole number', async ({ store }) => {
    const one = recorder(store, 'shared');
    expect(() => createRunner(store, [one, { ...one, slices: 2 }])).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION' }),
    );
    for (const version of [0, 1.5, 2 ** 31]) {
      expect(() => createRunner(store, [{ ...one, version }])).toThrow(InvalidArgumentError);
    }
    for (const slices of [0, 1.5, 1_025]) {
      expect(() => createRunner(store, [{ ...one, slices }])).toThrow(InvalidArgumentError);
    }
    // With "+", the names of copies and replays of projections.
    for (const name of ['', 'shared+copy', 'shared+aside'])
      expect(() => createRunner(store, [{ ...one, name }])).toThrow(
        expect.objectContaining({ code: 'INVALID_NAME' }),
      );
  });

  test('are refused by the database when they are those of copies and replays', async ({ store }) => {
    const register = (name: string) =>
      sql`select ${sql.id(store.schema, '_register_subscriptions')}(
            array[${name}], array[1], array[1], array['{}'::jsonb], array['hash'], array[null::jsonb])`.execute(
        store.db,
      );
    await createRunner(store, [recorder(store, 'shared')]).migrate();
    await register('other');
    for (const name of ['shared+copy', 'shared+aside'])
      await expect(register(name)).rejects.toMatchObject({ code: '22023' });
  });
});
