import { defineEvents, schemaVersions } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import type { SubscriptionDefinition, SubscriptionIncident } from '../src/index.ts';
import { test } from './engine-test.ts';
import {
  added,
  amountsOf,
  counterEvents,
  createRunner,
  entriesOf,
  openStore,
  ownerOf,
  recorder,
} from './recorder.ts';

const amount = z.object({ amount: z.int() });
const newer = defineEvents('counter', {
  added: schemaVersions(amount).next(amount.extend({ unit: z.string() }), (data) => ({
    ...data,
    unit: 'one',
  })),
  noted: z.object({}),
});

describe('a release that is too old for an event', () => {
  test('leaves the subscription to a newer one, and says so', async ({ processUrl, store }) => {
    guarantee('rolling-releases');
    const incidents: SubscriptionIncident[] = [];
    const subscription = recorder(store, 'rolled');
    const onIncident = (incident: SubscriptionIncident) => incidents.push(incident);
    await using old = createRunner(store, [subscription], { owner: 'old', leaseMs: 900, onIncident });
    await old.start();
    await using newStore = openStore(processUrl, { schema: store.schema, events: [newer] });
    await store.append('counter-1', [added(1), added(2)]);
    await newStore.append('counter-1', [newer.create.added({ amount: 3, unit: 'two' })]);
    await until(async () => (await old.status())[0]?.state === 'outdated');
    expect(await amountsOf(store, 'rolled')).toEqual([1, 2]);
    expect(incidents).toMatchObject([{ error: { code: 'RELEASE_OUTDATED' }, stopped: false }]);
    expect(String(incidents[0]?.error)).toContain('"counter.added" at position 3 has schema version 2');

    const waiting = old.waitForPosition(subscription, 3, { timeoutMs: 20_000 });
    const next = recorder(newStore, 'rolled');
    await using fresh = createRunner(newStore, [next], { owner: 'new', leaseMs: 900, release: 'new' });
    await fresh.start();
    await waiting;
    expect(await amountsOf(store, 'rolled')).toEqual([1, 2, 3]);
    expect(await ownerOf(store, 'rolled')).toBe('new');
    expect(await fresh.status()).toMatchObject([{ state: 'running', failure: undefined }]);
  });

  test('says why in a wait that times out, and ends one that would not', async ({ processUrl, store }) => {
    const subscription = recorder(store, 'waiting');
    await using old = createRunner(store, [subscription], {
      leaseMs: 900,
      release: 'old',
      onIncident: () => {},
    });
    await old.start();
    await using newStore = openStore(processUrl, { schema: store.schema, events: [newer] });
    await newStore.append('counter-1', [newer.create.added({ amount: 3, unit: 'two' })]);
    const cause =
      'is left to a newer release, so finish the deployment of that one: event type "counter.added" at position 1 has schema version 2';
    const outdated = { code: 'RELEASE_OUTDATED', retryable: false, message: expect.stringContaining(cause) };
    await expect(old.whenCaughtUp(subscription)).rejects.toMatchObject(outdated);
    await expect(old.waitForPosition(subscription, 1, { timeoutMs: 100 })).rejects.toMatchObject({
      code: 'SUBSCRIPTION_TIMEOUT',
      message: expect.stringContaining(cause),
      cause: outdated,
    });
    await using idle = createRunner(store, [subscription], { release: 'new' });
    await expect(idle.whenCaughtUp(subscription)).rejects.toMatchObject(outdated);

    // A newer release waits for itself.
    const next = recorder(newStore, 'waiting');
    await using fresh = createRunner(newStore, [next], { leaseMs: 900, release: 'new' });
    await fresh.start();
    await fresh.whenCaughtUp(next);
    await old.whenCaughtUp(subscription);
  });

  test('goes on when only an unrelated type is new', async ({ processUrl, store }) => {
    const other = defineEvents('counter', {
      added: amount,
      noted: z.object({}),
      doubled: z.object({}),
    });
    await using newStore = openStore(processUrl, { schema: store.schema, events: [other] });
    const subscription = recorder(store, 'unrelated');
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await newStore.append('counter-1', [other.create.doubled({})]);
    await store.append('counter-1', [added(1)]);
    await runner.whenCaughtUp(subscription);
    expect(await amountsOf(store, 'unrelated')).toEqual([1]);
  });
});

describe('a failure of one release', () => {
  test('ends with it: another release tries again, the same one does not', async ({ store }) => {
    guarantee('rolling-releases');
    const failing = recorder(store, 'mended', {
      onEvent: () => Promise.reject(new Error('of this release')),
    });
    await store.append('counter-1', [added(1)]);
    await using first = createRunner(store, [failing], { release: 'a', leaseMs: 900 });
    await first.start();
    expect(await failureOf(first.whenCaughtUp(failing))).toMatchObject({ code: 'SUBSCRIPTION_FAILED' });

    await using second = createRunner(store, [failing], { release: 'b', leaseMs: 900 });
    await second.start();
    const releases = ['a', 'b'];
    await until(async () => (await second.status())[0]?.failure?.releases.length === 2);
    expect(await second.status()).toMatchObject([{ state: 'stopped', failure: { releases } }]);
    expect(await entriesOf(store, 'mended')).toEqual([]);

    const mended = recorder(store, 'mended');
    await using third = createRunner(store, [mended], { release: 'c', leaseMs: 900 });
    await third.start();
    await third.waitForPosition(mended, 1);
    expect(await amountsOf(store, 'mended')).toEqual([1]);
    expect(await first.status()).toMatchObject([{ state: 'running', failure: undefined }]);
  });
});

describe('another definition of the same version', () => {
  const bothTypes = ['counter.added', 'counter.noted'];

  test('is left alone until it is reset, which adopts it', async ({ processUrl, store }) => {
    const incidents: SubscriptionIncident[] = [];
    const before = recorder(store, 'redefined');
    await using old = createRunner(store, [before], { owner: 'old', leaseMs: 900 });
    await old.start();
    await store.append('counter-1', [added(1), counterEvents.create.noted({})]);
    await old.whenCaughtUp(before);

    await using newStore = openStore(processUrl, { schema: store.schema });
    const after: SubscriptionDefinition = recorder(newStore, 'redefined', { eventTypes: bothTypes });
    await using fresh = createRunner(newStore, [after], {
      owner: 'new',
      leaseMs: 900,
      onIncident: (incident) => incidents.push(incident),
    });
    await fresh.start();
    await until(() => incidents.length > 0);
    const differences = ['eventTypes is ["counter.added"], defined as ["counter.added","counter.noted"]'];
    expect(incidents).toMatchObject([{ error: { code: 'SUBSCRIPTION_MISMATCH', differences } }]);
    expect(await fresh.status()).toMatchObject([{ state: 'mismatched', differences }]);
    expect(await old.status()).toMatchObject([{ state: 'running', differences: [] }]);

    await fresh.reset(after);
    await fresh.whenCaughtUp(after);
    expect(await entriesOf(store, 'redefined')).toHaveLength(2);
    await until(async () => (await old.status())[0]?.state === 'mismatched');
    expect(incidents).toHaveLength(1);
  });
});

describe('a schema of another release', () => {
  test('that lacks a column is a typed error, in a status and in a wait without end', async ({
    adminStore,
    connectionString,
  }) => {
    const subscription = recorder(adminStore, 'unmigrated');
    await using runner = createRunner(adminStore, [subscription]);
    await runner.migrate();
    await adminStore.pool.query(
      `alter table ${adminStore.schema}.subscriptions drop column outdated cascade`,
    );
    await using store = openStore(connectionString, { schema: adminStore.schema });
    await using later = createRunner(store, [recorder(store, 'unmigrated')]);
    const notMigrated = {
      code: 'SCHEMA_NOT_MIGRATED',
      retryable: false,
      message: expect.stringContaining('run migrate() first, or start the newer release here'),
    };
    await expect(later.status()).rejects.toMatchObject(notMigrated);
    await expect(later.whenCaughtUp(subscription)).rejects.toMatchObject(notMigrated);
  });
});
