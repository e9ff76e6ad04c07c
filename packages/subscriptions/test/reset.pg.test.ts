import { beginTransaction } from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until, untilBlocked } from '@leftfold/testing/postgres';
import { sql, type Transaction } from 'kysely';
import { describe, expect } from 'vitest';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, entriesOf, openStore, recorder } from './recorder.ts';

describe('reset', () => {
  test('clears what was written and starts over, in another process too', async ({ processUrl, store }) => {
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const first = recorder(store, 'recorder', { by: 'before' });
    let by = 'before';
    const running = recorder(store, 'recorder', {
      get by() {
        return by;
      },
    });
    await using runner = createRunner(store, [running], { leaseMs: 300 });
    await runner.start();
    for (let n = 0; n < 30; n += 1) await store.append(`counter-${n % 3}`, [added(n)]);
    await runner.whenCaughtUp(running);
    const observer = createRunner(elsewhere, [first]);
    by = 'after';
    await observer.reset(first);
    await observer.whenCaughtUp(first, { timeoutMs: 10_000 });
    expect(await entriesOf(store, 'recorder')).toEqual(
      Array.from({ length: 30 }, (_, n) => ({ position: n + 1, amount: n, by: 'after' })),
    );
    await store.append('counter-1', [added(30)]);
    await runner.whenCaughtUp(running);
    expect(await entriesOf(store, 'recorder')).toHaveLength(31);
  });

  test('is waited for in a process that led, and has not noticed it', async ({ store }) => {
    guarantee('reset');
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], { leaseMs: 60_000 });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    await createRunner(store, [subscription]).reset(subscription);
    expect(await failureOf(runner.whenCaughtUp(subscription, { timeoutMs: 300 }))).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
    });
    // It notices by the batch that is fenced.
    await store.append('counter-1', [added(2)]);
    await runner.whenCaughtUp(subscription);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
  });

  test('fences the batch that is being written: nothing of it remains', async ({ store }) => {
    guarantee('reset');
    const gate = new Gate();
    let calls = 0;
    const held = recorder(store, 'recorder', {
      get by() {
        return `call ${calls + 1}`;
      },
      onEvent: async () => {
        calls += 1;
        if (calls === 1) await gate.pass();
      },
    });
    await using runner = createRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    const observer = createRunner(store, [recorder(store, 'recorder')]);
    await observer.reset(held);
    gate.open();
    await observer.whenCaughtUp(held);
    expect(await entriesOf(store, 'recorder')).toEqual([{ position: 1, amount: 1, by: 'call 2' }]);
  });

  test('waits for a batch that holds the locks of what has to be cleared', async ({
    connectionString,
    adminStore: store,
  }) => {
    const gate = new Gate();
    let calls = 0;
    const held = {
      ...recorder(store, 'recorder', {
        onEvent: async () => {
          calls += 1;
          if (calls === 1) await gate.pass();
        },
      }),
      clear: async () => {
        await store.pool.query(`truncate "${store.schema}".entries`);
      },
    };
    await using runner = createRunner(store, [held], { leaseMs: 60_000 });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    const reset = runner.reset(held);
    await untilBlocked(connectionString);
    gate.open();
    await reset;
    await runner.whenCaughtUp(held);
    expect(calls).toBe(2);
    expect(await amountsOf(store, 'recorder')).toEqual([1]);
  });

  test('gives up when another transaction holds a lock, and names its session', async ({
    connectionString,
    adminStore: store,
  }) => {
    const url = new URL(connectionString);
    url.searchParams.set('options', '-c lock_timeout=300');
    await using limited = openStore(url.href, { schema: store.schema });
    const subscription = {
      ...recorder(limited, 'recorder'),
      clear: (tx: Transaction<unknown>) =>
        sql`truncate ${sql.id(store.schema, 'entries')}`.execute(tx).then(() => {}),
    };
    await using runner = createRunner(limited, [subscription]);
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    await using reader = await beginTransaction(connectionString);
    await reader.client.query(`select from "${store.schema}".entries`);
    const failure = await failureOf(runner.reset(subscription));
    expect(failure).toMatchObject({ code: 'STORE_UNAVAILABLE' });
    expect(String(failure)).toMatch(/reset\(\) of recorder "recorder" was given up/);
    expect(String(failure)).toContain(`(backend ${reader.pid})`);
    await reader.commit();
    await runner.reset(subscription);
    await runner.whenCaughtUp(subscription);
    expect(await amountsOf(store, 'recorder')).toEqual([1]);
  });

  test('starts a stopped subscription over', async ({ store }) => {
    let fixed = false;
    const failing = recorder(store, 'recorder', {
      onEvent: async ({ position }) => {
        if (position === 3 && !fixed) throw new Error('not yet');
      },
    });
    await using runner = createRunner(store, [failing], { leaseMs: 300 });
    await runner.start();
    for (const amount of [1, 2, 3, 4]) await store.append('counter-1', [added(amount)]);
    await failureOf(runner.whenCaughtUp(failing));
    fixed = true;
    await runner.reset(failing);
    await runner.whenCaughtUp(failing);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2, 3, 4]);
    await until(async () => (await runner.status())[0]?.state === 'running');
  });
});
