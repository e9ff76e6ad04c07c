import { databaseTest } from '@leftfold/testbed/database';
import { findProgram } from '@leftfold/testbed/faults';
import { startRedis } from '@leftfold/testbed/services';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { openShop } from './shop.ts';

const test = databaseTest();
const program = findProgram('redis-server');
const timeout = 120_000;

describe.skipIf(program === undefined)('each event has its effect once, in order', () => {
  test('while Redis is killed again and again', { timeout }, async ({ ownDatabase, ownPool }) => {
    const events = 1_200;
    await using server = await startRedis(program!);
    await using shop = await openShop({ ...ownDatabase, pool: ownPool, redis: server.url });
    await using first = await shop.startConsumer();
    await using _second = await shop.startConsumer();
    const appending = shop.append(0, events);
    for (const share of [0.1, 0.3, 0.5]) {
      await until(async () => (await shop.countEffects()) >= events * share, { timeoutMs: 30_000 });
      await server.kill();
      await server.start();
    }
    await appending;
    await until(async () => (await shop.countEffects()) === events, { timeoutMs: 60_000 });
    expect(await shop.disorder()).toEqual([]);
    expect([...shop.codes()]).toEqual(['TRANSPORT_UNAVAILABLE']);
    expect(await first.status()).toMatchObject({ parkedKeys: 0, gaps: 0, unplaced: 0 });
  });

  test('after a rewind, when Redis has lost what it had confirmed', { timeout }, async ({
    ownDatabase,
    ownPool,
  }) => {
    await using server = await startRedis(program!, ['--appendonly', 'no']);
    await using shop = await openShop({ ...ownDatabase, pool: ownPool, redis: server.url });
    const before = await shop.startConsumer();
    await shop.append(0, 60);
    await until(async () => (await shop.countEffects()) === 60);
    await before.stop();
    await shop.append(60, 120);
    await shop.runner.whenCaughtUp(shop.relay);
    await server.kill();
    await server.start();
    // The relay goes on: it does not know what the server has lost.
    await shop.append(120, 180);
    await shop.runner.whenCaughtUp(shop.relay);
    await using consumer = await shop.startConsumer();
    await until(async () => (await consumer.status()).gaps === 9, { timeoutMs: 30_000 });
    expect(await shop.countEffects()).toBe(60);
    await shop.runner.rewind(shop.relay, { position: 60 });
    await until(async () => (await shop.countEffects()) === 180, { timeoutMs: 30_000 });
    expect(await shop.disorder()).toEqual([]);
    expect(await consumer.status()).toMatchObject({ parkedKeys: 0, gaps: 0, unplaced: 0 });
  });
});
