import type { PostgresEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { beginTransaction } from '@leftfold/testbed/database';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import type { SubscriptionRunner } from '../src/index.ts';
import { advanceCheckpoints } from '../src/sql/checkpoints.ts';
import { sliceOf } from '../src/subscription/slice-of.ts';
import { test } from './engine-test.ts';
import { added, createRunner, entriesOf, recorder } from './recorder.ts';

const SLICES = 64;
const stream = 'counter-1';
const busy = sliceOf(stream, SLICES);
const idle = (busy + 1) % SLICES;
/** No check of leases changes the rows meanwhile. */
const leaseMs = 60_000;

interface Row {
  readonly slice: number;
  readonly position: number;
  readonly epoch: number;
  readonly owner: string | null;
  /** The transaction that changed the row last. */
  readonly changedBy: string;
}

async function rowsOf(store: PostgresEventStore): Promise<readonly Row[]> {
  const { rows } = await sql<Row>`
    select slice, position, epoch, owner, xmin::text as "changedBy"
      from ${sql.id(store.schema, 'subscriptions')} order by slice`.execute(store.db);
  return rows;
}

async function started(store: PostgresEventStore): Promise<SubscriptionRunner> {
  const sliced = recorder(store, 'sliced', { slices: SLICES });
  const runner = createRunner(store, [sliced], { leaseMs });
  await runner.start();
  await until(async () => (await rowsOf(store)).every(({ owner }) => owner !== null));
  await runner.whenCaughtUp(sliced);
  return runner;
}

test('slices without an event advance together, however many they are', async ({ store }) => {
  guarantee('idle-slices');
  await using runner = await started(store);
  for (let round = 0; round < 3; round += 1) {
    const { position } = await store.append(stream, [added(1)]);
    await runner.waitForPosition({ name: 'sliced', version: 1 }, position, { timeoutMs: 20_000 });
    const rows = await rowsOf(store);
    expect(rows.filter((row) => row.position === position)).toHaveLength(SLICES);
    // One of the slice that has the event; another read of the page can come a turn later.
    expect(new Set(rows.map(({ changedBy }) => changedBy)).size).toBeLessThanOrEqual(4);
  }
  expect(await entriesOf(store, 'sliced')).toHaveLength(3);
});

describe('a slice whose row another transaction is changing', () => {
  test('does not hold up the others, and advances after it', async ({ store, connectionString }) => {
    await using runner = await started(store);
    await using other = await beginTransaction(connectionString);
    const row = `${store.schema}.subscriptions where slice = ${idle} for update`;
    await other.client.query(`select from ${row}`);
    const { position } = await store.append(stream, [added(1)]);
    await until(
      async () => (await rowsOf(store)).filter((one) => one.position === position).length === SLICES - 1,
    );
    await other.commit();
    await runner.waitForPosition({ name: 'sliced', version: 1 }, position, { timeoutMs: 20_000 });
  });

  test('is not advanced when the lease went to another process', async ({ store, connectionString }) => {
    guarantee('idle-slices');
    await using runner = await started(store);
    const before = (await rowsOf(store))[idle]!;
    await using other = await beginTransaction(connectionString);
    await other.client.query(
      `update ${store.schema}.subscriptions set epoch = epoch + 1, owner = 'another' where slice = ${idle}`,
    );
    const { position } = await store.append(stream, [added(1)]);
    await until(
      async () => (await rowsOf(store)).filter((one) => one.position === position).length === SLICES - 1,
    );
    await other.commit();
    // The term has ended when the next append finds one slice less.
    const next = await store.append(stream, [added(1)]);
    await until(async () => (await rowsOf(store))[busy]?.position === next.position);
    await runner.stop();
    expect((await rowsOf(store))[idle]).toMatchObject({ position: before.position, owner: 'another' });
  });
});

test('checkpoints advance together under the conditions of a single one', async ({ adminStore }) => {
  guarantee('idle-slices');
  await using runner = await started(adminStore);
  const { position: to } = await adminStore.append(stream, [added(1)]);
  await runner.waitForPosition({ name: 'sliced', version: 1 }, to);
  const rows = await rowsOf(adminStore);
  await sql`update ${sql.id(adminStore.schema, 'subscriptions')} set until_position = ${to} where slice = 6`.execute(
    adminStore.db,
  );
  const lineage = adminStore.lineage;
  const stepOf = (slice: number, change: object = {}, place: object = {}) => {
    const { epoch, owner } = rows[slice]!;
    const lease = { name: 'sliced', version: 1, slice, epoch, owner: owner!, lineage, leaseMs, ...change };
    return { lease, from: to, to: to + 1, ...place };
  };
  const right = stepOf(0);
  const wrong = [
    stepOf(1, { epoch: rows[1]!.epoch - 1 }),
    stepOf(2, { version: 2 }),
    stepOf(3, { lineage: 'another' }),
    stepOf(4, {}, { from: to - 1 }),
    stepOf(5, {}, { to: to - 1 }),
    stepOf(6),
    stepOf(8, { slice: SLICES }),
  ];
  expect(await advanceCheckpoints(adminStore, [right, ...wrong])).toEqual(new Set([right]));
  const elsewhere = stepOf(7, { owner: 'another' });
  expect(await advanceCheckpoints(adminStore, [elsewhere])).toEqual(new Set());
  const moved = (await rowsOf(adminStore)).filter(({ position }) => position !== to);
  expect(moved).toMatchObject([{ slice: 0, position: to + 1 }]);
});
