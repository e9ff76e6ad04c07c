import { tokenOf } from '@leftfold/core';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import { ProjectionAudit, type ProjectionRunner } from '../src/index.ts';
import { accept, payments, received, refuse, totals } from './payments.ts';
import { createTestRunner, freshStore, rowsOf } from './runner.ts';
import { test } from './runner-test.ts';

const parkedKeys = async (runner: ProjectionRunner) => (await runner.status())[0]?.parked.keys;
const rebuildOf = async (runner: ProjectionRunner) => (await runner.status())[0]?.rebuild;
const decision = { by: 'ada', reason: 'a test' };

describe('a rebuild', () => {
  test('does not apply events that were given up, and keeps the records', async ({ database }) => {
    guarantee('rebuild-serves', 'parks-a-key');
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13)]);
    const { events } = await store.append('payment-ada', [received(100)]);
    await runner.whenCaughtUp(totals);
    await runner.parked.giveUp(totals, 'payment-ada', { ...decision, upTo: 1 });
    await until(async () => (await parkedKeys(runner)) === 0);
    const records = await runner.parked.givenUp(totals);

    await runner.rebuild(totals, { slices: 2 });

    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 100 }]);
    expect(await parkedKeys(runner)).toBe(0);
    const { id, ...kept } = records[0]!;
    expect(await runner.parked.givenUp(totals)).toEqual([expect.objectContaining(kept)]);
    expect(id).toBeGreaterThan(0);
    await runner.waitFor(totals, tokenOf(events.at(-1)));
    // And back, with what was given up meanwhile.
    await store.append('payment-bob', [received(13), received(1)]);
    await runner.whenCaughtUp(totals);
    await runner.parked.giveUp(totals, 'payment-bob', { ...decision, upTo: 3 });
    await until(async () => (await parkedKeys(runner)) === 0);
    await runner.rollback(totals);
    expect(await rowsOf(store, totals)).toEqual([
      { payer: 'payment-ada', cents: 100 },
      { payer: 'payment-bob', cents: 1 },
    ]);
    expect(await runner.parked.givenUp(totals)).toHaveLength(2);
  });

  test('applies events that were given up before a reset', async ({ database }) => {
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13), received(100)]);
    await runner.whenCaughtUp(totals);
    await runner.parked.giveUp(totals, 'payment-ada', decision);
    await until(async () => (await parkedKeys(runner)) === 0);
    accept();
    await runner.reset(totals);
    await runner.whenCaughtUp(totals);
    await runner.rebuild(totals);
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 113 }]);
  });

  test('whose tables park more does not switch, says why, and does once its keys are resumed', async ({
    database,
  }) => {
    guarantee('rebuild-serves', 'parks-a-key');
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13), received(100)]);
    await runner.whenCaughtUp(totals);
    refuse(13); // a release that is worse
    const rebuilt = runner.rebuild(totals);
    await until(async () => (await rebuildOf(runner))?.waitsFor !== undefined, { timeoutMs: 20_000 });
    expect((await rebuildOf(runner))?.waitsFor).toBe(
      'it sets aside events of 1 keys that the serving tables have applied, such as "payment-ada"; fix the cause, deploy it and call resumeRebuild()',
    );
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 113 }]);
    accept();
    await runner.resumeRebuild(totals);
    expect(await rebuilt).toMatchObject({ outcome: 'switched' });
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 113 }]);
    expect(await parkedKeys(runner)).toBe(0);
  });

  test('gives up what is given up while it goes on', async ({ database }) => {
    guarantee('rebuild-serves', 'parks-a-key');
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13), received(100)]);
    await runner.whenCaughtUp(totals);
    const rebuilt = runner.rebuild(totals, { eventsPerSecond: 1 });
    await until(async () => (await rebuildOf(runner))?.state === 'building', { timeoutMs: 20_000 });
    await runner.pauseRebuild(totals);
    await runner.parked.giveUp(totals, 'payment-ada', { ...decision, upTo: 1 });
    await until(async () => (await parkedKeys(runner)) === 0);
    await runner.resumeRebuild(totals);
    await rebuilt;
    expect(await rowsOf(store, totals)).toEqual([{ payer: 'payment-ada', cents: 100 }]);
    expect(await runner.parked.givenUp(totals)).toHaveLength(1);
  });

  test('gives up what is given up before it comes to it', async ({ database }) => {
    guarantee('rebuild-serves', 'parks-a-key');
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    for (const payer of ['bob', 'cleo']) await store.append(`payment-${payer}`, [received(1), received(2)]);
    await store.append('payment-ada', [received(13), received(100)]);
    await runner.whenCaughtUp(totals);
    const rebuilt = runner.rebuild(totals, { eventsPerSecond: 1 });
    await until(async () => (await rebuildOf(runner))?.state === 'building', { timeoutMs: 20_000 });
    accept(); // a release that could apply them
    await runner.parked.giveUp(totals, 'payment-ada', { ...decision, upTo: 5 });
    await until(async () => (await parkedKeys(runner)) === 0);
    expect(await rebuilt).toMatchObject({ outcome: 'switched' });
    expect(await rowsOf(store, totals)).toEqual([
      { payer: 'payment-ada', cents: 100 },
      { payer: 'payment-bob', cents: 3 },
      { payer: 'payment-cleo', cents: 3 },
    ]);
    expect(await runner.parked.givenUp(totals)).toHaveLength(1);
  });

  test('that has applied what is then given up does not switch, and says so at once', async ({
    database,
  }) => {
    guarantee('rebuild-serves', 'parks-a-key');
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13)]);
    for (const payer of ['bob', 'cleo']) await store.append(`payment-${payer}`, [received(1), received(2)]);
    await runner.whenCaughtUp(totals);
    accept();
    const rebuilt = runner.rebuild(totals, { eventsPerSecond: 1 });
    await until(async () => ((await rebuildOf(runner))?.position ?? 0) > 0, { timeoutMs: 20_000 });
    await runner.parked.giveUp(totals, 'payment-ada', decision);
    const words =
      'it had applied events of key "payment-ada" when they were given up; drop it, and rebuild again';
    expect((await rebuildOf(runner))?.waitsFor).toBe(words);
    await until(async () => (await rebuildOf(runner))?.position === 5, { timeoutMs: 20_000 });
    const dropped = failureOf(rebuilt);
    // It can never serve, and is not joined.
    await runner.rebuild(totals);
    expect(await dropped).toMatchObject({ code: 'REBUILD_DROPPED' });
    expect(await rowsOf(store, totals)).toEqual([
      { payer: 'payment-bob', cents: 3 },
      { payer: 'payment-cleo', cents: 3 },
    ]);
  });
});

describe('a verification', () => {
  test('does not apply events that were given up', async ({ database }) => {
    refuse(13);
    await using store = await freshStore(database, { events: [payments] });
    await using runner = createTestRunner(store, [totals]);
    await runner.start();
    await store.append('payment-ada', [received(13), received(100)]);
    await runner.whenCaughtUp(totals);
    await runner.parked.giveUp(totals, 'payment-ada', { ...decision, upTo: 1 });
    await until(async () => (await parkedKeys(runner)) === 0);
    accept();
    const audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
    expect(await audit.verify(totals)).toMatchObject({ equal: true });
  });
});
