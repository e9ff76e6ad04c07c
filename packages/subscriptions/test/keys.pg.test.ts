import { InvalidArgumentError } from '@leftfold/core';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, ownerOf, recorder } from './recorder.ts';

// Subscriptions of one name that differ in version or slice only.
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

  test('with two slices have a lease, a checkpoint, waits and a status each', async ({ store }) => {
    const gate = new Gate();
    const slow = recorder(store, 'shared', { slice: 0, onEvent: () => gate.pass() });
    const fast = recorder(store, 'shared', { slice: 1 });
    await using first = createRunner(store, [slow], { owner: 'first' });
    await using second = createRunner(store, [fast, slow], { owner: 'second' });
    await first.start();
    const { position } = await store.append('counter-1', [added(7)]);
    await gate.reached();
    await second.start();

    await second.waitForPosition(fast, position);
    expect(await ownerOf(store, 'shared', { slice: 0 })).toBe('first');
    expect(await ownerOf(store, 'shared', { slice: 1 })).toBe('second');
    expect(await failureOf(second.waitForPosition(slow, position, { timeoutMs: 30 }))).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      slice: 0,
      reached: 0,
    });
    expect(await second.status()).toMatchObject([
      { name: 'shared', slice: 1, state: 'running', position: 1 },
      { name: 'shared', slice: 0, state: 'running', position: 0 },
    ]);
    gate.open();
    await second.waitForPosition(slow, position);
    await second.stop();
    // The lease of one slice was released, that of the other was not.
    expect(await first.status()).toMatchObject([{ slice: 0, state: 'running' }]);
    const observer = createRunner(store, [fast]);
    expect(await observer.status()).toMatchObject([{ slice: 1, state: 'waiting' }]);
  });

  test('with two slices stop, report and resume one without the other', async ({ store }) => {
    let fixed = false;
    const incidents: SubscriptionIncident[] = [];
    const good = recorder(store, 'shared', { slice: 0 });
    const bad = recorder(store, 'shared', {
      slice: 1,
      onEvent: async () => {
        if (!fixed) throw new Error('not yet');
      },
    });
    await using runner = createRunner(store, [good, bad], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    const { position } = await store.append('counter-1', [added(1)]);
    const failed = failureOf(runner.waitForPosition(bad, position));
    await runner.waitForPosition(good, position);
    expect(await failed).toMatchObject({ code: 'SUBSCRIPTION_FAILED', subscription: 'shared', slice: 1 });
    expect(new Set(incidents.map(({ subscription }) => subscription?.slice))).toEqual(new Set([1]));
    expect(await runner.status()).toMatchObject([
      { slice: 0, state: 'running', failure: undefined },
      { slice: 1, state: 'stopped', failure: { position: 1, message: 'not yet' } },
    ]);
    // A wait for the other slice is not failed by this one.
    const next = await store.append('counter-1', [added(2)]);
    await runner.waitForPosition(good, next.position);

    fixed = true;
    await runner.resume(bad);
    await runner.waitForPosition(bad, next.position);
    expect(await amountsOf(store, 'shared', { slice: 1 })).toEqual([1, 2]);
  });

  test('keep a lease that was lost apart from one that was not', async ({ adminStore: store }) => {
    const versions = [1, 2].map((version) => recorder(store, 'shared', { version }));
    await using runner = createRunner(store, versions, { owner: 'runner', leaseMs: 150 });
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

  test('are refused when version and slice are the same, or not whole numbers', async ({ store }) => {
    const one = recorder(store, 'shared');
    expect(() => createRunner(store, [one, { ...one, slice: 0 }])).toThrow(
      expect.objectContaining({ code: 'DUPLICATE_DEFINITION' }),
    );
    for (const version of [0, 1.5, 2 ** 31]) {
      expect(() => createRunner(store, [{ ...one, version }])).toThrow(InvalidArgumentError);
    }
    expect(() => createRunner(store, [{ ...one, slice: -1 }])).toThrow(InvalidArgumentError);
    expect(() => createRunner(store, [{ ...one, name: '' }])).toThrow(
      expect.objectContaining({ code: 'INVALID_NAME' }),
    );
  });
});
