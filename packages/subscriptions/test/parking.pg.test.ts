import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { expireLeases } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect, onTestFinished } from 'vitest';
import { tokenOf } from '@leftfold/core';
import type { SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import { append, fragile, parkedOf } from './fragile.ts';
import { added, createRunner, openStore, orderOf } from './recorder.ts';

const nothing = { keys: 0, events: 0 };

describe('a subscription that parks', () => {
  test('sets the key of a failing event aside, in order, and goes on with the others', async ({ store }) => {
    guarantee('parks-a-key');
    const { subscription } = fragile(store, [102]);
    const incidents: SubscriptionIncident[] = [];
    const told: unknown[] = [];
    const listen = (message: unknown) => void told.push(message);
    subscribe('leftfold:subscription.parked', listen);
    onTestFinished(() => void unsubscribe('leftfold:subscription.parked', listen));
    await append(store, [101, 1, 102, 2, 103, 3]);
    await using runner = createRunner(store, [subscription], {
      release: 'first',
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await append(store, [4, 104]);
    await runner.whenCaughtUp(subscription);

    expect(await orderOf(store, 'fragile')).toEqual([101, 1, 2, 3, 4]);
    expect(await runner.status()).toMatchObject([
      { state: 'running', position: 8, lag: 0, failure: undefined, parked: { keys: 1, events: 3 } },
    ]);
    const [parked, ...others] = await runner.parked.list(subscription);
    expect(others).toEqual([]);
    expect(parked).toMatchObject({
      key: 'counter-a',
      events: 3,
      resumeAt: undefined,
      failure: {
        position: 3,
        type: 'counter.added',
        message: '102 is refused',
        release: 'first',
        attempts: 3,
      },
    });
    const events = await runner.parked.events(subscription, 'counter-a');
    expect(events.map(({ position, data }) => [position, data])).toEqual([
      [3, { amount: 102 }],
      [5, { amount: 103 }],
      [8, { amount: 104 }],
    ]);
    expect(await runner.parked.events(subscription, 'counter-a', { after: 3, limit: 1 })).toEqual([
      events[1],
    ]);
    expect(
      incidents.filter(({ error }) => (error as { code?: string }).code === 'EVENT_PARKED'),
    ).toMatchObject([
      { stopped: false, error: { key: 'counter-a', position: 3, eventType: 'counter.added' } },
    ]);
    expect(told).toEqual([
      {
        schema: store.schema,
        name: 'fragile',
        version: 1,
        slice: 0,
        position: 3,
        type: 'counter.added',
        attempts: 3,
      },
    ]);
  });

  test('parks in the transaction of the checkpoint: a process that is cut off there parks nothing', async ({
    adminStore: store,
  }) => {
    guarantee('parks-a-key');
    const { subscription } = fragile(store, [102]);
    await append(store, [102, 1]);
    await using runner = createRunner(store, [subscription], { leaseMs: 60_000 });
    await runner.migrate();
    // The write of what is parked waits, and its session is ended.
    await store.pool.query(`create function ${store.schema}.hold() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock(77); return new; end $$`);
    await store.pool.query(
      `create trigger hold before insert on ${store.schema}.parked_events for each row execute function ${store.schema}.hold()`,
    );
    const holder = await store.pool.connect();
    await holder.query('begin; select pg_advisory_xact_lock(77)');
    await runner.start();
    const waiting = () =>
      holder.query<{ pid: number }>(
        `select pid from pg_locks where locktype = 'advisory' and objid = 77 and not granted`,
      );
    await until(async () => (await waiting()).rows.length > 0);
    expect(await runner.status()).toMatchObject([{ position: 0, parked: nothing }]);
    const { rows } = await waiting();
    await holder.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
    await until(async () => (await waiting()).rows.every(({ pid }) => pid !== rows[0]?.pid));
    const { rows: after } = await holder.query(
      `select position::integer, (select count(*)::integer from ${store.schema}.parked_keys) as keys from ${store.schema}.subscriptions`,
    );
    expect(after).toEqual([{ position: 0, keys: 0 }]);
    await holder.query('rollback');
    holder.release();
    await runner.whenCaughtUp(subscription);
    expect(await orderOf(store, 'fragile')).toEqual([1]);
    expect(await parkedOf(runner)).toEqual({ keys: 1, events: 1 });
  });

  test('keeps what is parked when another process takes over, and while it is stopped', async ({
    processUrl,
    store,
  }) => {
    const { subscription, poison } = fragile(store, [102]);
    await append(store, [102, 1]);
    {
      await using first = createRunner(store, [subscription]);
      await first.start();
      await first.whenCaughtUp(subscription);
    }
    await append(store, [103, 2]);
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    await using observer = createRunner(elsewhere, [subscription]);
    poison.clear();
    expect(await observer.parked.resume(subscription, 'counter-a')).toBe(1);
    const notParked = {
      code: 'INVALID_ARGUMENT',
      argument: 'keys',
      message: 'keys names nothing that is parked now in recorder "fragile", where these are: "counter-a"',
    };
    expect(await failureOf(observer.parked.resume(subscription, 'counter-x'))).toMatchObject(notParked);
    expect(await observer.parked.resume(subscription, ['counter-x', 'counter-a'])).toBe(1);
    expect(await observer.parked.resume(subscription, [])).toBe(0);
    expect(await orderOf(store, 'fragile')).toEqual([1]);

    await using second = createRunner(store, [subscription]);
    await second.start();
    await until(async () => (await parkedOf(second))?.keys === 0);
    await second.whenCaughtUp(subscription);
    const order = await orderOf(store, 'fragile');
    expect(order.filter((amount) => amount >= 100)).toEqual([102, 103]);
    expect(order.toSorted((one, other) => one - other)).toEqual([1, 2, 102, 103]);
  });

  test('stops when the keys of the event cannot be found out', async ({ store }) => {
    const { subscription } = fragile(store, [102]);
    const keyless = {
      ...subscription,
      keysOf: () => {
        throw new Error('no key');
      },
    };
    await append(store, [102]);
    await using runner = createRunner(store, [keyless]);
    await runner.start();
    expect(await failureOf(runner.whenCaughtUp(keyless))).toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
      position: 1,
    });
  });

  test('cannot become inline', ({ store }) => {
    const { subscription } = fragile(store, []);
    expect(() => createRunner(store, [{ ...subscription, promote: async () => 'inline' }])).toThrow(
      expect.objectContaining({ code: 'INVALID_DEFINITION' }),
    );
  });

  test('stores a key that is too long, or no text for Postgres, in another form', async ({ store }) => {
    const { subscription, poison } = fragile(store, [102]);
    const keysOf = () => [`${'x'.repeat(5_000)}\u0000`];
    await append(store, [102, 1]);
    await using runner = createRunner(store, [{ ...subscription, keysOf }]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    const [parked] = await runner.parked.list(subscription);
    expect(parked?.key).toMatch(/^x{200}… [0-9a-f]{64}$/);
    poison.clear();
    expect(await runner.parked.resume(subscription, keysOf())).toBe(1);
    await until(async () => (await parkedOf(runner))?.keys === 0);
    expect(await orderOf(store, 'fragile')).toEqual([102, 1]);
  });
});

describe('a wait', () => {
  test('for an event that is set aside fails, also in another process', async ({ processUrl, store }) => {
    guarantee('parks-a-key');
    const { subscription, poison } = fragile(store, [102]);
    await append(store, [102]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    const { events } = await store.append('counter-a', [added(103)]);
    const token = tokenOf(events[0]);
    await runner.whenCaughtUp(subscription);
    await using elsewhere = openStore(processUrl, { schema: store.schema });
    await using observer = createRunner(elsewhere, [subscription]);
    for (const one of [runner, observer])
      expect(await failureOf(one.waitFor(subscription, token))).toMatchObject({
        code: 'EVENT_PARKED',
        position: 2,
        retryable: false,
      });
    poison.clear();
    await runner.parked.resume(subscription, 'counter-a');
    await until(async () => (await parkedOf(runner))?.keys === 0);
    await observer.waitFor(subscription, token);
  });
});

describe('a key that is resumed', () => {
  test('is processed in order, and its later events flow again', async ({ store }) => {
    guarantee('resumes-in-order');
    const { subscription, poison } = fragile(store, [102]);
    const aside = Array.from({ length: 250 }, (_, n) => 102 + n);
    await append(store, [101]);
    await store.append('counter-a', aside.map(added));
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    expect(await parkedOf(runner)).toEqual({ keys: 1, events: 250 });
    poison.clear();
    await runner.parked.resume(subscription, 'counter-a');
    await append(store, [901, 1, 902]);
    await until(async () => (await parkedOf(runner))?.keys === 0);
    await append(store, [903]);
    await runner.whenCaughtUp(subscription);
    const order = await orderOf(store, 'fragile');
    expect(order.filter((amount) => amount >= 100)).toEqual([101, ...aside, 901, 902, 903]);
    expect(await runner.parked.list(subscription)).toEqual([]);
  });

  test('that fails again is parked again, with what is left', async ({ store }) => {
    guarantee('resumes-in-order');
    const { subscription, poison } = fragile(store, [102, 104]);
    await append(store, [102, 103, 104, 105]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    poison.delete(102);
    await runner.parked.resume(subscription, 'counter-a');
    await until(async () => (await runner.parked.list(subscription))[0]?.failure.position === 3);
    expect(await orderOf(store, 'fragile')).toEqual([102, 103]);
    expect(await runner.parked.list(subscription)).toMatchObject([
      { failure: { position: 3, message: '104 is refused', attempts: 1 }, events: 2, resumeAt: undefined },
    ]);
    await runner.parked.resume(subscription, 'counter-a');
    await until(async () => (await runner.parked.list(subscription))[0]?.failure.attempts === 2);
    poison.clear();
    expect(await runner.parked.resumeAll(subscription)).toBe(1);
    await until(async () => (await parkedOf(runner))?.keys === 0);
    expect(await orderOf(store, 'fragile')).toEqual([102, 103, 104, 105]);
  });

  test('sets aside what comes while it is being resumed, and processes it in its turn', async ({ store }) => {
    guarantee('resumes-in-order');
    const gate = new Gate();
    let held = false;
    const { subscription, poison } = fragile(store, [102], async (amount) => {
      if (amount === 103 && held) await gate.pass();
    });
    await append(store, [102, 103]);
    await using runner = createRunner(store, [subscription], { leaseMs: 60_000 });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    poison.clear();
    held = true;
    await runner.parked.resume(subscription, 'counter-a');
    await gate.reached();
    await append(store, [104, 1]);
    gate.open();
    await runner.waitForPosition(subscription, 4);
    await until(async () => (await parkedOf(runner))?.keys === 0);
    const order = await orderOf(store, 'fragile');
    expect(order.filter((amount) => amount >= 100)).toEqual([102, 103, 104]);
    expect(order).toHaveLength(4);
  });

  test('is finished by another process when its leader is cut off in the middle', async ({
    connectionString,
    adminStore: store,
  }) => {
    guarantee('resumes-in-order');
    const gate = new Gate();
    const first = fragile(store, [102], async (amount) => {
      if (amount === 250) await gate.pass();
    });
    const aside = Array.from({ length: 200 }, (_, n) => 102 + n);
    await store.append('counter-a', aside.map(added));
    await using one = createRunner(store, [first.subscription], { owner: 'one', leaseMs: 60_000 });
    await one.start();
    await one.whenCaughtUp(first.subscription);
    first.poison.clear();
    await one.parked.resume(first.subscription, 'counter-a');
    // The first hundred are processed, and the second hundred is open.
    await gate.reached();
    expect(await orderOf(store, 'fragile')).toEqual(aside.slice(0, 100));
    await using elsewhere = openStore(connectionString, { schema: store.schema });
    const second = fragile(elsewhere, []);
    await using two = createRunner(elsewhere, [second.subscription], { owner: 'two' });
    await sql`update ${sql.id(store.schema, 'subscriptions')} set owner = 'nobody', epoch = epoch + 1, lease_until = null`.execute(
      elsewhere.db,
    );
    await expireLeases(elsewhere);
    await two.start();
    await until(async () => (await parkedOf(two))?.keys === 0);
    gate.open();
    await one.stop();
    expect(await orderOf(store, 'fragile')).toEqual(aside);
  });
});

describe('events that are given up', () => {
  test('are recorded, and what is left of the key is processed', async ({ store }) => {
    guarantee('gives-up-with-a-record');
    const { subscription } = fragile(store, [102]);
    await append(store, [102, 103, 1]);
    await using runner = createRunner(store, [subscription], { release: 'first' });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    const why = { by: 'ada', reason: 'a duplicate' };
    expect(await failureOf(runner.parked.giveUp(subscription, 'counter-x', why))).toMatchObject({
      code: 'INVALID_ARGUMENT',
      argument: 'key',
      message: expect.stringMatching(/^key names nothing .* where these are: "counter-a"$/),
    });
    expect(await runner.parked.giveUp(subscription, 'counter-a', { ...why, upTo: 1 })).toBe(1);
    await until(async () => (await parkedOf(runner))?.keys === 0);
    await append(store, [104]);
    await runner.whenCaughtUp(subscription);
    expect(await orderOf(store, 'fragile')).toEqual([1, 103, 104]);
    const records = await runner.parked.givenUp(subscription);
    expect(records).toMatchObject([
      { ...why, key: 'counter-a', positions: [1], failure: { position: 1, message: '102 is refused' } },
    ]);
    expect(records[0]?.at.getTime()).toBeGreaterThan(Date.now() - 60_000);
  });

  test('can be all of a key, which is then free', async ({ store }) => {
    guarantee('gives-up-with-a-record');
    const { subscription } = fragile(store, [102]);
    await append(store, [102, 103]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    expect(await runner.parked.giveUp(subscription, 'counter-a', { by: 'ada', reason: 'tests' })).toBe(2);
    await until(async () => (await runner.parked.list(subscription)).length === 0);
    const again = runner.parked.giveUp(subscription, 'counter-a', { by: 'ada', reason: 'tests' });
    expect(await failureOf(again)).toMatchObject({ message: expect.stringMatching(/where no key is$/) });
    await append(store, [104]);
    await runner.whenCaughtUp(subscription);
    expect(await orderOf(store, 'fragile')).toEqual([104]);
  });

  test('while the leader processes them, are processed or given up, never both', async ({
    adminStore: store,
  }) => {
    guarantee('gives-up-with-a-record');
    const gate = new Gate();
    const { subscription, poison } = fragile(store, [102], async (amount) => {
      if (amount === 103) await gate.pass();
    });
    await append(store, [102, 103, 104]);
    await using runner = createRunner(store, [subscription], { leaseMs: 60_000 });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    poison.clear();
    await runner.parked.resume(subscription, 'counter-a');
    await gate.reached();
    // The batch has written 102 and is not committed: giving up does not wait for it, and its events are not processed.
    expect(await runner.parked.giveUp(subscription, 'counter-a', { by: 'ada', reason: 'x', upTo: 2 })).toBe(
      2,
    );
    gate.open();
    await until(async () => (await parkedOf(runner))?.keys === 0);
    expect(await orderOf(store, 'fragile')).toEqual([104]);
  });

  test('need a reason, and somebody who decided it', async ({ store }) => {
    const { subscription } = fragile(store, []);
    await using runner = createRunner(store, [subscription]);
    await runner.migrate();
    const wrong = [undefined, {}, { by: 'ada' }, { by: 'ada', reason: '' }, { by: '', reason: 'x' }];
    for (const options of wrong)
      expect(await failureOf(runner.parked.giveUp(subscription, 'a', options as never))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
  });
});

test('a reset forgets what is parked, and processes it with everything else', async ({ store }) => {
  const { subscription, poison } = fragile(store, [102]);
  await append(store, [101, 102, 1, 103]);
  await using runner = createRunner(store, [subscription]);
  await runner.start();
  await runner.whenCaughtUp(subscription);
  poison.clear();
  await runner.reset(subscription);
  await runner.whenCaughtUp(subscription);
  expect(await parkedOf(runner)).toEqual(nothing);
  expect(await orderOf(store, 'fragile')).toEqual([101, 102, 1, 103]);
});

test('many keys are parked, listed by pages and resumed', async ({ store }) => {
  const keys = Array.from({ length: 30 }, (_, n) => `counter-${String(n).padStart(2, '0')}`);
  const { subscription, poison } = fragile(store, [13]);
  for (const key of keys) await store.append(key, [added(13)]);
  await store.append('counter-last', [added(1)]);
  const retry = { attempts: 1, firstDelayMs: 1 };
  await using runner = createRunner(store, [subscription], { retry });
  await runner.start();
  await runner.whenCaughtUp(subscription);
  expect(await parkedOf(runner)).toEqual({ keys: 30, events: 30 });
  const page = await runner.parked.list(subscription, { limit: 20 });
  const rest = await runner.parked.list(subscription, { limit: 20, after: page.at(-1)?.key });
  expect([...page, ...rest].map(({ key }) => key)).toEqual(keys);
  expect(await runner.parked.list(subscription, { after: 'z\0' })).toEqual([]);
  poison.clear();
  expect(await runner.parked.resume(subscription, keys.slice(1))).toBe(29);
  await until(async () => (await parkedOf(runner))?.keys === 1);
  expect(await orderOf(store, 'fragile')).toHaveLength(30);
});
