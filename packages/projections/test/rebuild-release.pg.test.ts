import { defineTableProjection } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { accountEvents, deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { expect } from 'vitest';
import type { ProjectionRunner } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

const definition = {
  name: 'sums',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }: { readonly streamId: string }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
} as const;

/** One definition, in a release whose handler is wrong, and in one that has corrected it. */
const wrong = defineTableProjection({
  ...definition,
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents - data.cents }) },
});
const corrected = defineTableProjection({
  ...definition,
  evolve: { 'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }) },
});

const statusOf = async (runner: ProjectionRunner) => (await runner.status())[0]?.rebuild;
const centsOf = async (store: PostgresEventStore) =>
  (await rowsOf<{ cents: number }>(store, corrected)).map(({ cents }) => cents);

/** Waits for two further checks of the leases, of the only process. */
async function checkedTwice({ db }: PostgresEventStore, schema: string): Promise<void> {
  const leasedUntil = async () => {
    const { rows } = await sql<{ until: string }>`
      select max(lease_until)::text as until from ${sql.id(schema, 'runners')}`.execute(db);
    return rows[0]?.until;
  };
  for (let n = 0; n < 2; n += 1) {
    const before = await leasedUntil();
    await until(async () => (await leasedUntil()) !== before, { timeoutMs: 20_000 });
  }
}

test('a rebuild is built by the release that asked for it, while an old one serves', async ({
  store,
  adminStore,
}) => {
  guarantee('rebuild-release');
  await using old = createTestRunner(store, [wrong]);
  await old.start();
  for (let n = 0; n < 10; n += 1) await store.append(`account-${n % 2}`, [deposited(1)]);
  await old.whenCaughtUp(wrong);
  const asking = createTestRunner(store, [corrected]);
  const rebuilt = asking.rebuild(corrected);
  rebuilt.catch(() => {});
  await until(async () => (await statusOf(old)) !== undefined);
  await checkedTwice(adminStore, store.schema);
  const waiting = await statusOf(old);
  expect(waiting).toMatchObject({ state: 'waiting', position: 0, owners: [] });
  expect(waiting?.waitsFor).toContain(`a process of the release that asked for it, "${waiting?.release}"`);
  await using corrects = createTestRunner(store, [corrected]);
  await corrects.start();
  expect(await rebuilt).toMatchObject({ outcome: 'switched' });
  expect(await centsOf(store)).toEqual([5, 5]);
  await asking.stop();
  // The restriction was one of the copy: any release keeps the tables up to date.
  await corrects.stop();
  await store.append('account-0', [deposited(1)]);
  await old.whenCaughtUp(wrong);
  expect(await centsOf(store)).toEqual([4, 5]);
});

test('another release begins a rebuild anew, or goes on with it when it is resumed', async ({ store }) => {
  guarantee('rebuild-release');
  await using runner = createTestRunner(store, [wrong]);
  await runner.start();
  for (let n = 0; n < 10; n += 1) await store.append(`account-${n % 2}`, [deposited(1)]);
  await runner.whenCaughtUp(wrong);
  await runner.rebuild(wrong, { switchIf: () => false });
  const first = await statusOf(runner);
  await using other = createTestRunner(store, [corrected]);
  await other.start();
  await other.resumeRebuild(corrected);
  const resumed = await statusOf(other);
  expect(resumed).toMatchObject({ position: 10, beganAt: first?.beganAt });
  expect(resumed?.release).not.toBe(first?.release);
  const anew = await runner.rebuild(wrong, { switchIf: ({ equal }) => equal });
  expect(anew).toMatchObject({ outcome: 'switched', difference: { rows: 2 } });
  expect((await statusOf(runner))?.beganAt).not.toEqual(first?.beganAt);
});
