import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { RecordedEvent, SubscriptionBatchTrace } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { describe, expect } from 'vitest';
import type { SubscriptionIncident, SubscriptionRunner } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, openStore, recorder, slicesOf } from './recorder.ts';

const streams = Array.from({ length: 40 }, (_, index) => `counter-${index}`);

async function appendToAll(store: PostgresEventStore): Promise<number> {
  const appended = await Promise.all(streams.map((stream) => store.append(stream, [added(1)])));
  return Math.max(...appended.map(({ position }) => position));
}

/** How many slices each process leads, by the beginning of its name. */
async function counts(runner: SubscriptionRunner, owners: readonly string[]): Promise<readonly number[]> {
  const [status] = await runner.status();
  return owners.map(
    (owner) => status?.slices.filter((slice) => slice.owner?.startsWith(`${owner}/`)).length ?? 0,
  );
}

describe('slices', () => {
  test('divide the streams: each event is processed once, those of a stream in one slice', async ({
    store,
  }) => {
    guarantee('slices');
    const sliced = recorder(store, 'sliced', { slices: 4 });
    await using runner = createRunner(store, [sliced]);
    await runner.start();
    const position = await appendToAll(store);
    await appendToAll(store);
    await runner.waitForPosition(sliced, position);
    await runner.whenCaughtUp(sliced);
    expect(await entriesOf(store, 'sliced')).toHaveLength(2 * streams.length);
    const found = await slicesOf(store, 'sliced');
    expect([...found.keys()]).toEqual([0, 1, 2, 3]);
    expect([...found.values()].flat().toSorted()).toEqual(streams.toSorted());
    expect(await runner.status()).toMatchObject([
      {
        state: 'running',
        lag: 0,
        caughtUp: true,
        slices: [{ slice: 0 }, { slice: 1 }, { slice: 2 }, { slice: 3 }],
      },
    ]);
  });

  test('read more at a time while their batches are fast, though others have most events', async ({
    store,
  }) => {
    for (let count = 0; count < 4; count += 1)
      await Promise.all(streams.map((stream) => store.append(stream, Array(25).fill(added(1)))));
    const longest = new Map<number, number>();
    const onBatch = (message: unknown) => {
      const { name, slice, from, to } = message as SubscriptionBatchTrace;
      if (name === 'long') longest.set(slice, Math.max(longest.get(slice) ?? 0, to - from));
    };
    subscribe('tracing:leftfold:subscription.batch:asyncEnd', onBatch);
    // One slice has most of the events, and the others are fast.
    const keysOf = ({ streamId }: RecordedEvent) => [/-\d$/.test(streamId) ? streamId : 'most'];
    const sliced = recorder(store, 'long', { slices: 4, keysOf });
    await using runner = createRunner(store, [sliced]);
    await runner.start();
    await runner.whenCaughtUp(sliced, { timeoutMs: 60_000 });
    unsubscribe('tracing:leftfold:subscription.batch:asyncEnd', onBatch);
    expect([...longest.values()].filter((events) => events > 200).length).toBeGreaterThanOrEqual(3);
  });

  test('are divided by the keys of the definition', async ({ store }) => {
    const sliced = recorder(store, 'sliced', { slices: 8, keysOf: () => ['one'] });
    await using runner = createRunner(store, [sliced]);
    await runner.start();
    await appendToAll(store);
    await runner.whenCaughtUp(sliced);
    expect([...(await slicesOf(store, 'sliced')).values()]).toEqual([streams.toSorted()]);
  });

  test('stop at an event whose keys cannot be found out', async ({ store }) => {
    const keysOf = () => {
      throw new Error('no key');
    };
    const incidents: SubscriptionIncident[] = [];
    await using runner = createRunner(store, [recorder(store, 'sliced', { slices: 2, keysOf })], {
      onIncident: (incident) => incidents.push(incident),
    });
    await runner.start();
    await store.append('counter-1', [added(1)]);
    await until(() => incidents.some(({ stopped }) => stopped));
    expect(incidents.find(({ stopped }) => stopped)).toMatchObject({
      error: { code: 'SUBSCRIPTION_FAILED', position: 1, cause: { message: 'no key' } },
    });
  });

  test('one that is behind holds up waits, and one that stops fails them', async ({ store }) => {
    let broken = true;
    const sliced = recorder(store, 'sliced', {
      slices: 4,
      onEvent: async ({ streamId }) => {
        if (broken && streamId === 'counter-7') throw new Error('not yet');
      },
    });
    await using runner = createRunner(store, [sliced]);
    await runner.start();
    const position = await appendToAll(store);
    await expect(runner.waitForPosition(sliced, position, { timeoutMs: 20_000 })).rejects.toMatchObject({
      code: 'SUBSCRIPTION_FAILED',
    });
    const [status] = await runner.status();
    expect(status).toMatchObject({ state: 'stopped', failure: { message: 'not yet' } });
    expect(status?.slices.filter(({ state }) => state === 'running')).toHaveLength(3);
    broken = false;
    await runner.resume(sliced);
    await runner.waitForPosition(sliced, position, { timeoutMs: 20_000 });
    expect(await entriesOf(store, 'sliced')).toHaveLength(streams.length);
  });

  test('are reset together', async ({ store }) => {
    const sliced = recorder(store, 'sliced', { slices: 4 });
    await using runner = createRunner(store, [sliced]);
    await runner.start();
    await appendToAll(store);
    await runner.whenCaughtUp(sliced);
    await runner.reset(sliced);
    await runner.whenCaughtUp(sliced, { timeoutMs: 20_000 });
    expect(await entriesOf(store, 'sliced')).toHaveLength(streams.length);
  });
});

describe('the number of slices', () => {
  for (const [before, after] of [
    [1, 4],
    [4, 1],
    [3, 5],
  ] as const) {
    test(`changes from ${before} to ${after} without a replay`, async ({ processUrl, store }) => {
      guarantee('slices');
      await using other = openStore(processUrl, { schema: store.schema });
      const first = recorder(store, 'sliced', { slices: before, by: 'first' });
      const second = recorder(other, 'sliced', { slices: after, by: 'second' });
      await using old = createRunner(store, [first], { leaseMs: 500 });
      await using fresh = createRunner(other, [second], { leaseMs: 500 });
      await old.start();
      await appendToAll(store);
      await old.whenCaughtUp(first);
      const appending = (async () => {
        for (let round = 0; round < 10; round += 1) await appendToAll(store);
      })();
      await fresh.start();
      await appending;
      await fresh.whenCaughtUp(second, { timeoutMs: 20_000 });
      await until(async () => (await fresh.status())[0]?.slices.length === after, { timeoutMs: 20_000 });
      expect((await fresh.status())[0]).toMatchObject({ nextSlices: undefined });
      await appendToAll(store);
      await fresh.whenCaughtUp(second, { timeoutMs: 20_000 });
      // An event that two slices processed would be a unique violation, one that none did a missing entry.
      expect(await entriesOf(store, 'sliced')).toHaveLength(12 * streams.length);
    });
  }

  test('changes when the slice that is behind has come to the others', async ({ store }) => {
    const gate = new Gate();
    const held = recorder(store, 'sliced', {
      slices: 2,
      onEvent: async ({ streamId }) => {
        if (streamId === 'counter-0') await gate.pass();
      },
    });
    await using runner = createRunner(store, [held], { leaseMs: 600 });
    await runner.start();
    await store.append('counter-0', [added(1)]);
    await gate.reached();
    await appendToAll(store);
    const other = recorder(store, 'sliced', { slices: 3 });
    await using next = createRunner(store, [other], { leaseMs: 600 });
    await until(async () => (await runner.status())[0]?.slices.some(({ position }) => position > 0));
    await next.start();
    expect((await next.status())[0]).toMatchObject({ nextSlices: 3, slices: { length: 2 } });
    gate.open();
    await until(async () => (await next.status())[0]?.slices.length === 3, { timeoutMs: 20_000 });
    await next.whenCaughtUp(other, { timeoutMs: 20_000 });
    expect(await entriesOf(store, 'sliced')).toHaveLength(1 + streams.length);
  });
});

test('what is parked follows its key when the number changes', async ({ store }) => {
  let broken = true;
  const parking = (slices: number) => ({
    ...recorder(store, 'sliced', {
      slices,
      onEvent: async ({ streamId }) => {
        if (broken && streamId === 'counter-7') throw new Error('not yet');
      },
    }),
    onFailure: 'park' as const,
  });
  {
    await using runner = createRunner(store, [parking(2)]);
    await runner.start();
    await appendToAll(store);
    await runner.whenCaughtUp(parking(2), { timeoutMs: 20_000 });
    expect(await runner.status()).toMatchObject([{ parked: { keys: 1, events: 1 } }]);
  }
  await using next = createRunner(store, [parking(4)]);
  await next.start();
  await until(async () => (await next.status())[0]?.slices.length === 4, { timeoutMs: 20_000 });
  await appendToAll(store);
  await next.whenCaughtUp(parking(4), { timeoutMs: 20_000 });
  expect(await next.status()).toMatchObject([{ parked: { keys: 1, events: 2 } }]);
  broken = false;
  expect(await next.parked.resume(parking(4), 'counter-7')).toBe(1);
  await until(async () => (await next.status())[0]?.parked.keys === 0, { timeoutMs: 20_000 });
  expect(await entriesOf(store, 'sliced')).toHaveLength(2 * streams.length);
});

describe('processes that run the same slices', () => {
  test('share them evenly, and again when one comes or goes', async ({ processUrl, store }) => {
    guarantee('even-shares');
    const names = ['one', 'two', 'three'];
    const stores = names.map(() => openStore(processUrl, { schema: store.schema }));
    const runners = stores.map((each, index) =>
      createRunner(each, [recorder(each, 'sliced', { slices: 6 })], { owner: names[index]!, leaseMs: 600 }),
    );
    const [one, two, three] = runners as [SubscriptionRunner, SubscriptionRunner, SubscriptionRunner];
    const shared = (expected: readonly number[]) =>
      until(async () => (await counts(one, names)).join() === expected.join(), {
        timeoutMs: 20_000,
        message: `shares of ${expected.join()}`,
      });
    await one.start();
    await shared([6, 0, 0]);
    await two.start();
    await shared([3, 3, 0]);
    await three.start();
    await shared([2, 2, 2]);
    await appendToAll(store);
    await three.stop();
    await shared([3, 3, 0]);
    await appendToAll(store);
    await one.whenCaughtUp({ name: 'sliced', version: 1 }, { timeoutMs: 20_000 });
    expect(await entriesOf(store, 'sliced')).toHaveLength(2 * streams.length);
    await two.stop();
    await one.stop();
    await Promise.all(stores.map((each) => each.close()));
  });

  test('hand over at once, not at the next check of a lease', async ({ processUrl, store }) => {
    guarantee('even-shares');
    await using other = openStore(processUrl, { schema: store.schema });
    // A process checks its leases every twenty seconds.
    const runs = (by: typeof store, owner: string) =>
      createRunner(by, [recorder(by, 'sliced', { slices: 2 })], { owner, leaseMs: 60_000 });
    const one = runs(store, 'one');
    await using two = runs(other, 'two');
    const shared = (expected: readonly number[]) =>
      until(async () => (await counts(two, ['one', 'two'])).join() === expected.join(), {
        timeoutMs: 10_000,
        message: `shares of ${expected.join()}`,
      });
    await one.start();
    await shared([2, 0]);
    await two.start();
    await shared([1, 1]);
    await one.stop();
    await shared([0, 2]);
  });

  test('leave one whose start hangs to another process after one attempt', async ({ processUrl, store }) => {
    guarantee('even-shares');
    let attempts = 0;
    const hanging = {
      ...recorder(store, 'sliced'),
      createHandler: () => {
        attempts += 1;
        return new Promise<never>(() => {});
      },
    };
    await using first = createRunner(store, [hanging], {
      owner: 'first',
      // Given up by its check after four seconds, and then avoided for six: enough for the other one on a busy machine.
      leaseMs: 6_000,
      batchTimeoutMs: 3_500,
    });
    await first.start();
    await until(() => attempts > 0);
    await using other = openStore(processUrl, { schema: store.schema });
    const able = recorder(other, 'sliced');
    await using second = createRunner(other, [able], { owner: 'second', leaseMs: 2_000 });
    await second.start();
    const { position } = await store.append('counter-1', [added(1)]);
    await second.waitForPosition(able, position, { timeoutMs: 20_000 });
    expect(attempts).toBe(1);
  });

  test('leave one that cannot be started to another process, and say so', async ({ processUrl, store }) => {
    guarantee('even-shares');
    const incidents: SubscriptionIncident[] = [];
    const unable = {
      ...recorder(store, 'sliced'),
      createHandler: () => {
        throw new Error('no broker here');
      },
    };
    await using first = createRunner(store, [unable], {
      owner: 'first',
      leaseMs: 600,
      onIncident: (incident) => incidents.push(incident),
    });
    await first.start();
    await until(() => incidents.some(({ error }) => String(error).includes('could not be started')));
    await using other = openStore(processUrl, { schema: store.schema });
    const able = recorder(other, 'sliced');
    await using second = createRunner(other, [able], { owner: 'second', leaseMs: 600 });
    await second.start();
    const { position } = await store.append('counter-1', [added(1)]);
    await second.waitForPosition(able, position, { timeoutMs: 20_000 });
    expect(incidents.filter(({ error }) => String(error).includes('no broker here')).length).toBeGreaterThan(
      2,
    );
  });
});
