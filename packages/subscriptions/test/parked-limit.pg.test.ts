import { defineReaction } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import { createReactionRunner } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, counterEvents, createRunner, recorder } from './recorder.ts';

const fails = () => Promise.reject(new Error('fails'));

/** As if these keys had failed before. */
async function park(store: PostgresEventStore, name: string, count: number): Promise<void> {
  await sql`insert into ${sql.id(store.schema, 'parked_keys')}
              (name, version, slice, key, failed_position, failed_type, failed_message, release, attempts)
            select ${name}, 1, 0, 'key-' || number, 1, 'counter.added', 'failed', 'r', 1
              from generate_series(1, ${count}::integer) as number`.execute(store.db);
}

test('a subscription stops when an event would park more keys than can be', async ({ adminStore: store }) => {
  const parking = {
    ...recorder(store, 'limited', { onEvent: fails }),
    keysOf: () => ['a', 'b', 'c'],
    onFailure: 'park' as const,
  };
  await using runner = createRunner(store, [parking]);
  await runner.migrate();
  await park(store, 'limited', 9_998);
  await store.append('counter-1', [added(1)]);
  await runner.start();
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  expect(await runner.status()).toMatchObject([{ position: 0, failure: { position: 1, message: 'fails' } }]);
  const { rows } =
    await sql`select count(*)::integer as keys from ${sql.id(store.schema, 'parked_keys')}`.execute(store.db);
  expect(rows).toEqual([{ keys: 9_998 }]);
});

test('a reaction stops when as many keys are parked as can be', async ({ adminStore: store }) => {
  const reaction = defineReaction({
    name: 'limited',
    start: 'beginning',
    events: [counterEvents],
    onFailure: 'park',
    retry: { attempts: 2, firstDelayMs: 5, maxDelayMs: 5 },
    on: { 'counter.added': fails },
  });
  const noCommands = () => Promise.reject(new Error('no commands here'));
  const options = { store, reactions: [reaction], execute: noCommands, leaseMs: 2_000, onIncident: () => {} };
  await using runner = createReactionRunner(options);
  await runner.migrate();
  await park(store, 'limited', 10_000);
  await store.append('counter-1', [added(1)]);
  await runner.start();
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  expect((await runner.status())[0]?.failure?.message).toBe('fails');
});
