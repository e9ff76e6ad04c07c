import { defineProjection, defineTableProjection } from '@leftfold/core';
import { accountEvents, deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { failureOf } from '@leftfold/testbed/outcome';
import { Gate } from '@leftfold/testbed/waiting';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import type { ProjectionRunner } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner, rowsOf } from './runner.ts';

const refused = new Set<number>();
const sums = defineTableProjection({
  name: 'sums',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: {
    'account.deposited': (row, { data }) => {
      if (refused.has(data.cents)) throw new Error(`${data.cents} is refused`);
      return { ...row, cents: row.cents + data.cents };
    },
  },
});

const statusOf = async (runner: ProjectionRunner) => (await runner.status())[0]?.rebuild;

test('a gate against tables that stand still before the new ones says so', async ({ store }) => {
  refused.add(2);
  await using runner = createTestRunner(store, [sums]);
  await runner.start();
  await store.append('account-1', [1, 2, 3].map(deposited));
  await until(async () => (await runner.status())[0]?.state === 'stopped');
  refused.clear();
  expect(await failureOf(runner.rebuild(sums, { switchIf: () => true }))).toMatchObject({
    code: 'REBUILD_REFUSED',
    message: expect.stringContaining('what serves stands still at position 1'),
  });
});

test('a copy that no process of its release builds waits, and says for which', async ({ store }) => {
  guarantee('rebuild-release');
  await using runner = createTestRunner(store, [sums], { release: 'a' });
  await runner.start();
  await store.append('account-1', [1, 2, 3].map(deposited));
  await runner.whenCaughtUp(sums);
  await runner.rebuild(sums);
  await using script = createTestRunner(store, [sums], { release: 'b' });
  const rolledBack = script.rollback(sums);
  await until(async () => (await statusOf(runner))?.state === 'waiting', { timeoutMs: 20_000 });
  expect((await statusOf(runner))?.waitsFor).toContain('a process of the release that asked for it, "b"');
  await runner.resumeRebuild(sums);
  expect(await rolledBack).toMatchObject({ outcome: 'switched' });
});

test('a copy is dropped in the middle of a batch that writes it by handlers', async ({ store }) => {
  guarantee('rebuild-serves');
  const gate = new Gate();
  let isHeld = false;
  const entries = defineProjection({
    name: 'entries',
    events: [accountEvents],
    tables: {
      amount: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] },
      entry: { columns: { position: 'bigint' }, primaryKey: ['position'] },
    },
    on: {
      'account.deposited': async (tx, { position, data }) => {
        await tx.insertInto('entry').values({ position }).execute();
        if (isHeld) await gate.pass();
        await tx.insertInto('amount').values({ position, cents: data.cents }).execute();
      },
    },
  });
  await using runner = createTestRunner(store, [entries]);
  await runner.start();
  await store.append('account-1', [1, 2, 3].map(deposited));
  await runner.whenCaughtUp(entries);
  isHeld = true;
  const rebuilt = failureOf(runner.rebuild(entries));
  await gate.reached();
  // The batch has written to one of the tables, and would write to the other one next.
  await runner.dropRebuild(entries);
  isHeld = false;
  gate.open();
  expect(await rebuilt).toMatchObject({ code: 'REBUILD_DROPPED' });
  expect(await rowsOf(store, entries)).toHaveLength(3);
});
