import type { PostgresEventStore } from '@leftfold/event-store';
import { backUpDatabase } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { expect, vi } from 'vitest';
import type { SubscriptionDefinition } from '../src/index.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, freshStore, recorder } from './recorder.ts';

const streams = Array.from({ length: 20 }, (_, index) => `counter-${index}`);
const PARKED = 'counter-7';

/** Amounts that are not there: each event of a log has one of its own. */
let amounts = 0;

/** One event for each stream. @returns their amounts */
async function appendToAll(store: PostgresEventStore): Promise<readonly number[]> {
  const appended: number[] = [];
  for (const stream of streams) {
    amounts += 1;
    await store.append(stream, [added(amounts)]);
    appended.push(amounts);
  }
  return appended;
}

const written = async (store: PostgresEventStore) =>
  (await entriesOf(store, 'sliced')).map(({ amount }) => amount).toSorted((one, other) => one - other);

function quiet(): Disposable {
  const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
  return { [Symbol.dispose]: () => warn.mockRestore() };
}

test('a log that goes back while the number of slices changes is processed once', async ({ ownDatabase }) => {
  guarantee('log-went-back', 'slices');
  using _quiet = quiet();
  const { connectionString } = ownDatabase;
  await using store = await freshStore(connectionString);
  const gate = new Gate();
  const sliced = (slices: number): SubscriptionDefinition =>
    recorder(store, 'sliced', {
      slices,
      onEvent: async ({ streamId }) => {
        if (streamId === 'counter-0') await gate.pass();
      },
    });
  await using runner = createRunner(store, [sliced(2)], { leaseMs: 900 });
  await runner.start();
  const kept = await appendToAll(store);
  await gate.reached();
  await until(async () => (await runner.status())[0]?.slices.some(({ lag }) => lag === 0));
  await using next = createRunner(store, [sliced(3)], { leaseMs: 900 });
  await next.start();
  // One slice holds up the division: the copy is in the middle of it.
  expect((await next.status())[0]).toMatchObject({ nextSlices: 3, slices: { length: 2 } });
  const backup = await backUpDatabase(connectionString);
  await appendToAll(store);
  await backup.restore();
  gate.open();
  const later = await appendToAll(store);
  await until(async () => (await next.status())[0]?.slices.length === 3, { timeoutMs: 20_000 });
  await next.whenCaughtUp(sliced(3), { timeoutMs: 20_000 });
  expect(await written(store)).toEqual([...kept, ...later]);
});

test('a log that goes back to where keys were parked and slices were others is processed once', async ({
  ownDatabase,
}) => {
  guarantee('log-went-back', 'resumes-in-order');
  using _quiet = quiet();
  const { connectionString } = ownDatabase;
  await using store = await freshStore(connectionString);
  let broken = true;
  const sliced = (slices: number): SubscriptionDefinition => ({
    ...recorder(store, 'sliced', {
      slices,
      onEvent: async ({ streamId }) => {
        if (broken && streamId === PARKED) throw new Error('not yet');
      },
    }),
    onFailure: 'park',
  });
  const first = await appendToAll(store);
  {
    await using runner = createRunner(store, [sliced(2)], { leaseMs: 900 });
    await runner.start();
    await runner.whenCaughtUp(sliced(2), { timeoutMs: 20_000 });
    expect(await runner.status()).toMatchObject([{ parked: { keys: 1, events: 1 } }]);
  }
  const backup = await backUpDatabase(connectionString);
  // This process divides the slices anew, and processes what was parked: both are lost, with later events of the key.
  await using runner = createRunner(store, [sliced(3)], { leaseMs: 900 });
  await runner.start();
  await until(async () => (await runner.status())[0]?.slices.length === 3, { timeoutMs: 20_000 });
  await appendToAll(store);
  broken = false;
  await runner.parked.resume(sliced(3), PARKED);
  await until(async () => (await written(store)).length === 2 * streams.length, { timeoutMs: 20_000 });
  await backup.restore();
  const later = await appendToAll(store);
  await until(async () => (await written(store)).length === 2 * streams.length - 2, { timeoutMs: 20_000 });
  expect(await runner.status()).toMatchObject([
    { parked: { keys: 1, events: 2 }, slices: [{ slice: 0 }, { slice: 1 }] },
  ]);
  await runner.parked.resume(sliced(3), PARKED);
  await until(async () => (await runner.status())[0]?.parked.keys === 0, { timeoutMs: 20_000 });
  await runner.whenCaughtUp(sliced(3), { timeoutMs: 20_000 });
  expect(await written(store)).toEqual([...first, ...later]);
});
