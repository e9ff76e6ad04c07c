import type { PostgresEventStore } from '@leftfold/event-store';
import { runnerInTransaction } from '@leftfold/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import {
  declaredDefinition,
  hashOf,
  markInline,
  type PromotionResult,
  type SubscriptionDefinition,
} from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, amountsOf, createRunner, freshStore, recorder } from './recorder.ts';

/** A recorder that becomes inline as soon as it has caught up, after the given results of earlier attempts. */
function promoted(store: PostgresEventStore, earlier: PromotionResult[] = []): SubscriptionDefinition {
  return {
    ...recorder(store, 'recorder'),
    promote: async (lease, position) =>
      earlier.shift() ??
      store.db.transaction().execute(async (tx) => {
        const connection = { schema: store.schema, run: runnerInTransaction(tx) };
        const marked = await markInline(connection, { lease, from: position, to: position });
        return marked ? 'inline' : 'fenced';
      }),
  };
}

describe('a subscription that becomes inline', () => {
  test('catches up first, then gets no lease and counts as caught up', async ({ connectionString }) => {
    const applies: string[] = [];
    const inline = { eventTypes: new Set(['counter.added']), applies, apply: async () => {} };
    await using store = await freshStore(connectionString, { inline });
    const subscription = promoted(store);
    const definition = declaredDefinition(subscription);
    applies.push(`recorder/1/${hashOf(definition)}`);
    await store.append('counter-1', [added(1), added(2)]);
    await using runner = createRunner(store, [subscription], { leaseMs: 150 });
    await runner.start();
    await runner.whenCaughtUp(subscription);
    const { position } = await store.append('counter-1', [added(3)]);
    await runner.waitForPosition(subscription, position);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
    expect(await runner.status()).toMatchObject([{ state: 'inline', position, lag: 0, owner: undefined }]);

    // Another runner does not get the lease either: it runs what comes after in its list.
    const other = recorder(store, 'other');
    await using second = createRunner(store, [subscription, other], { leaseMs: 150 });
    await second.start();
    await second.whenCaughtUp(other);
    expect(await amountsOf(store, 'recorder')).toEqual([1, 2]);
  });

  test('is tried again when it is too early, or when it was fenced', async ({ store }) => {
    const results: PromotionResult[] = ['later', 'later', 'fenced', 'later'];
    const subscription = promoted(store, results);
    await store.append('counter-1', [added(1)]);
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    expect(results).toEqual([]);
    expect(await runner.status()).toMatchObject([{ state: 'inline' }]);
  });

  test('is reset under the lock that keeps appends from processing its events', async ({ store }) => {
    const steps: string[] = [];
    let failures = 2;
    const subscription: SubscriptionDefinition = {
      ...promoted(store),
      lockAppends: async (tx) => {
        failures -= 1;
        steps.push('lock');
        // 55P03 is what Postgres reports for a lock timeout.
        if (failures >= 0) await sql`do $$ begin raise sqlstate '55P03'; end $$`.execute(tx);
      },
      clear: async () => {
        steps.push('clear');
      },
    };
    await using runner = createRunner(store, [subscription]);
    await runner.start();
    await runner.whenCaughtUp(subscription);
    await runner.stop();

    const operator = createRunner(store, [subscription]);
    await operator.reset(subscription);
    expect(steps).toEqual(['lock', 'lock', 'lock', 'clear']);
    expect(await operator.status()).toMatchObject([{ state: 'waiting', position: 0 }]);
  });
});
