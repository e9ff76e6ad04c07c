import { InvalidArgumentError } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, onTestFinished } from 'vitest';
import { test } from './engine-test.ts';
import {
  added,
  amountsOf,
  createRunner,
  entriesOf,
  freshStore,
  noted,
  openStore,
  recorder,
} from './recorder.ts';

describe('a subscription', () => {
  test('reads the events of its types and advances past all others', async ({ store }) => {
    guarantee('filtered-projections-advance');
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription], { batchSize: 3 });
    await runner.start();
    await store.append('counter-1', [added(1), ...Array.from({ length: 20 }, () => noted), added(2)]);
    await runner.waitForPosition(subscription, 22);
    expect(await runner.status()).toMatchObject([
      { name: 'recorder', position: 22, lag: 0, state: 'running' },
    ]);
    // Only events of other types.
    const { position } = await store.append('counter-1', [noted]);
    await runner.waitForPosition(subscription, position);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
  });

  test('continues at its checkpoint when its runner is started again', async ({ store }) => {
    guarantee('runner-failover');
    const subscription = recorder(store, 'recorder');
    for (const amount of [1, 2, 3]) {
      await using runner = createRunner(store, [subscription]);
      await runner.start();
      await store.append('counter-1', [added(amount)]);
      await runner.whenCaughtUp(subscription);
    }
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2, 3]);
  });

  test('finishes its batch when stopped, and the next runner gets the lease at once', async ({ store }) => {
    const gate = new Gate();
    const slow = recorder(store, 'recorder', { onEvent: () => gate.pass() });
    const first = createRunner(store, [slow], { leaseMs: 60_000 });
    await first.start();
    await store.append('counter-1', [added(1)]);
    await gate.reached();
    const stopped = first.stop();
    gate.open();
    await stopped;
    expect(await amountsOf(store, 'recorder')).toEqual([1]);

    await using second = createRunner(store, [slow], { leaseMs: 60_000 });
    await second.start();
    await store.append('counter-2', [added(2)]);
    await second.waitForPosition(slow, 2);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
  });

  test('processes events before an append that is held open, and waits for it', async ({ store }) => {
    const subscription = recorder(store, 'recorder');
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    const before = await store.append('counter-before', [added(1)]);
    await store.db.transaction().execute(async (transaction) => {
      await store.append('counter-held', [added(2)], { transaction });
      const after = await store.append('counter-after', [added(3)]);
      await runner.waitForPosition(subscription, before.position);
      expect(
        await failureOf(runner.waitForPosition(subscription, after.position, { timeoutMs: 100 })),
      ).toMatchObject({ code: 'SUBSCRIPTION_TIMEOUT' });
      expect(await amountsOf(store, 'recorder')).toEqual([1]);
    });
    await runner.waitForPosition(subscription, 3);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2, 3]);
  });

  test('whose handler is slow does not delay other subscriptions', async ({ store }) => {
    guarantee('projections-fail-alone');
    const gate = new Gate();
    const slow = recorder(store, 'slow', { onEvent: () => gate.pass() });
    const fast = recorder(store, 'fast');
    await using runner = createRunner(store, [slow, fast]);
    await runner.start();
    const { position } = await store.append('counter-1', [added(1)]);
    await gate.reached();
    await runner.waitForPosition(fast, position);
    expect(await entriesOf(store, 'fast')).toHaveLength(1);
    gate.open();
    await runner.waitForPosition(slow, position);
  });
});

describe('a runner', () => {
  test('keeps many subscriptions up to date on a pool of one connection', async ({ connectionString }) => {
    const store = await freshStore(connectionString, { maxConnections: 1 });
    const subscriptions = ['one', 'two', 'three', 'four'].map((name) => recorder(store, name));
    const runner = createRunner(store, subscriptions, { leaseMs: 500 });
    await runner.start();
    for (let n = 0; n < 200; n += 1) await store.append(`counter-${n % 10}`, [added(1)]);
    for (const subscription of subscriptions) await runner.whenCaughtUp(subscription, { timeoutMs: 10_000 });
    for (const { name } of subscriptions) expect(await entriesOf(store, name)).toHaveLength(200);
    await runner.stop();
    await store.close();
  });

  test('with twenty idle subscriptions sends as many statements as with one', async ({ store }) => {
    const warnings: Error[] = [];
    const onWarning = (warning: Error) => warnings.push(warning);
    process.on('warning', onWarning);
    onTestFinished(() => {
      process.off('warning', onWarning);
    });
    const subscriptions = Array.from({ length: 20 }, (_, n) => recorder(store, `recorder ${n}`));
    await using runner = createRunner(store, subscriptions, { leaseMs: 600 });
    await runner.start();
    const { position } = await store.append('counter-1', [added(1)]);
    await Promise.all(subscriptions.map((subscription) => runner.waitForPosition(subscription, position)));

    let sent = 0;
    store.pool.on('acquire', () => {
      sent += 1;
    });
    const leaseEnd = async () => {
      const table = sql.id(store.schema, 'subscriptions');
      const { rows } = await sql<{
        end: string;
      }>`select min(lease_until)::text as end from ${table}`.execute(store.db);
      sent -= 1;
      return rows[0]?.end;
    };
    for (let renewals = 0; renewals < 5; renewals += 1) {
      const before = await leaseEnd();
      await until(async () => (await leaseEnd()) !== before);
    }
    // Five checks of the leases with two statements each, and now and then one that reads the high-water mark.
    expect(sent).toBeLessThan(20);
    expect(warnings).toEqual([]);
  });

  test('whose store is closed first ends by itself, and reports no incident', async ({
    connectionString,
  }) => {
    const store = await freshStore(connectionString);
    const subscription = recorder(store, 'recorder');
    const incidents: unknown[] = [];
    const runner = createRunner(store, [subscription], {
      leaseMs: 300,
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    const waiting = failureOf(
      runner.waitForPosition(subscription, 1_000_000, { timeoutMs: Number.POSITIVE_INFINITY }),
    );
    await store.close();
    expect(await waiting).toMatchObject({ code: 'CLOSED' });
    await runner.stop();
    expect(incidents).toEqual([]);
  });

  test('refuses a second start, and options out of range', async ({ store }) => {
    await using runner = createRunner(store, []);
    await runner.start();
    await expect(runner.start()).rejects.toThrow(TypeError);
    expect(() => createRunner(store, [], { leaseMs: 99 })).toThrow(InvalidArgumentError);
    expect(() => createRunner(store, [], { batchSize: 0 })).toThrow(InvalidArgumentError);
  });

  test('migrates in many processes at once, then runs the option migrate', async ({ store }) => {
    const subscriptions = ['a', 'b', 'c', 'd'].map((name) => recorder(store, name));
    const states: string[] = [];
    const runners = Array.from({ length: 4 }, (_, n) => {
      const runner = createRunner(store, n % 2 === 0 ? subscriptions : subscriptions.toReversed(), {
        migrate: async () => {
          states.push(...(await runner.status()).map(({ state }) => state));
        },
      });
      return runner;
    });
    await Promise.all(runners.map((runner) => runner.migrate()));
    expect(states).toEqual(Array.from({ length: 16 }, () => 'waiting'));
  });

  test('says which part of a migration failed', async ({ store }) => {
    const broken = () => sql`create table no_such_schema.entries ()`.execute(store.db);
    const failed = (step: string) => ({
      code: 'MIGRATION_FAILED',
      step,
      message: expect.stringContaining(`${step} failed: schema "no_such_schema" does not exist`),
      cause: { code: '3F000' },
    });
    const migrate = async () => void (await broken());
    expect(await failureOf(createRunner(store, [], { migrate }).migrate())).toMatchObject(
      failed('the option migrate'),
    );
    const unprepared = { ...recorder(store, 'recorder'), prepare: migrate };
    expect(await failureOf(createRunner(store, [unprepared]).start())).toMatchObject(
      failed('recorder "recorder"'),
    );
  });

  test('tells of the state of the database in a migration as anywhere', async ({ store }) => {
    const unavailable = Object.assign(new Error('connect'), { code: 'ECONNREFUSED' });
    const migrate = () => Promise.reject(unavailable);
    expect(await failureOf(createRunner(store, [], { migrate }).migrate())).toMatchObject({
      code: 'STORE_UNAVAILABLE',
      cause: unavailable,
    });
  });
});

describe('waiting', () => {
  test('fails after a timeout, after an abort, and for an unknown subscription', async ({ store }) => {
    const subscription = recorder(store, 'recorder');
    const runner = createRunner(store, [subscription]);
    await runner.migrate();
    const { position } = await store.append('counter-1', [added(1)]);

    expect(
      await failureOf(runner.waitForPosition(subscription, position, { timeoutMs: 1_000 })),
    ).toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      retryable: true,
      subscription: 'recorder',
      wanted: 1,
      reached: 0,
    });
    const reason = new Error('enough');
    const aborted = { signal: AbortSignal.abort(reason) };
    expect(await failureOf(runner.waitForPosition(subscription, position, aborted))).toBe(reason);
    const controller = new AbortController();
    const waiting = failureOf(runner.waitForPosition(subscription, position, { signal: controller.signal }));
    controller.abort(reason);
    expect(await waiting).toBe(reason);
    for (const unknown of [
      { name: 'other', version: 1 },
      { name: 'recorder', version: 2 },
    ]) {
      expect(await failureOf(runner.waitForPosition(unknown, 1))).toMatchObject({
        code: 'SUBSCRIPTION_NOT_FOUND',
      });
    }

    const unfinished = failureOf(runner.whenCaughtUp(subscription));
    await runner.stop();
    expect(await unfinished).toMatchObject({ code: 'CLOSED', retryable: false });
  });

  test('fails for a subscription that was not migrated, and its status is missing', async ({ store }) => {
    await createRunner(store, []).migrate();
    const subscription = recorder(store, 'recorder');
    const runner = createRunner(store, [subscription]);
    const notFound = { code: 'SUBSCRIPTION_NOT_FOUND', subscription: 'recorder' };
    expect(await runner.status()).toMatchObject([{ name: 'recorder', state: 'missing', position: 0 }]);
    expect(await failureOf(runner.waitForPosition(subscription, 1))).toMatchObject(notFound);
    expect(await failureOf(runner.reset(subscription))).toMatchObject(notFound);
    expect(await failureOf(runner.resume(subscription))).toMatchObject(notFound);
  });

  test('works in a process that runs nothing itself', async ({ processUrl, store }) => {
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    const subscription = recorder(elsewhere, 'recorder');
    await using worker = createRunner(elsewhere, [subscription]);
    await worker.start();
    const observer = createRunner(store, [subscription]);
    const { position } = await store.append('counter-1', [added(1)]);
    await observer.waitForPosition(subscription, position);
    expect(await entriesOf(store, 'recorder')).toHaveLength(1);
    expect(await observer.status()).toMatchObject([{ name: 'recorder', state: 'running', position, lag: 0 }]);
  });
});

test('of the calls that wait for subscriptions, those beyond the limit are refused', async ({ store }) => {
  guarantee('bounded-waits');
  const subscription = recorder(store, 'recorder');
  await using runner = createRunner(store, [subscription]);
  const ending = new AbortController();
  const { signal } = ending;
  const wait = () => failureOf(runner.waitForPosition(subscription, 1, { timeoutMs: 600_000, signal }));
  const waiting = Array.from({ length: 10_000 }, wait);
  expect(await wait()).toMatchObject({
    code: 'STORE_UNAVAILABLE',
    message: expect.stringContaining('waits for subscriptions and projections of this process'),
  });
  const reason = new Error('the caller has gone');
  ending.abort(reason);
  expect(new Set(await Promise.all(waiting))).toEqual(new Set([reason]));
  await runner.start();
  await store.append('counter-1', [added(1)]);
  await runner.waitForPosition(subscription, 1);
});
