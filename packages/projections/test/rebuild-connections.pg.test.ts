import { balances, deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { ProjectionAudit } from '../src/index.ts';
import { switchCopy } from '../src/rebuild/switch-copy.ts';
import { readCopies } from '../src/sql/copies.ts';
import { test } from './runner-test.ts';
import { createTestRunner, freshStore, openStore, rowsOf } from './runner.ts';

for (const [maxConnections, words] of [
  [1, /no second connection while the switch held one/],
  [2, /^(?!.*second connection)/],
] as const)
  test(`a switch with ${maxConnections} of a pool says why its copy cannot come to the position`, async ({
    database,
    adminStore,
  }) => {
    guarantee('rebuild-serves');
    await using store = openStore(database.connectionString, { schema: adminStore.schema, maxConnections });
    {
      await using runner = createTestRunner(store, [balances]);
      await runner.start();
      await store.append('account-1', [deposited(1)]);
      await runner.whenCaughtUp(balances);
    }
    await using waiting = createTestRunner(store, [balances]);
    const rebuilt = waiting.rebuild(balances);
    await until(async () => (await waiting.status())[0]?.rebuild !== undefined);
    const [copy] = await readCopies(store, [balances]);
    // No process works on the copy: it stays at the beginning.
    const { signal } = new AbortController();
    expect(await switchCopy(store, balances, { rebuildId: copy!.rebuild_id, refused: 0, signal })).toMatch(
      words,
    );
    await using builder = createTestRunner(store, [balances]);
    await builder.start();
    await rebuilt;
    expect(await rowsOf(store, balances)).toMatchObject([{ account_id: 'account-1', cents: 1 }]);
  });

test('a projection is verified, and rebuilt by a condition, while its batches keep the connections of loops', async ({
  database,
}) => {
  guarantee('rebuild-serves');
  await using store = await freshStore(database);
  await using runner = createTestRunner(store, [balances]);
  await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
  await runner.start();
  await store.append('account-1', [deposited(1)]);
  await runner.whenCaughtUp(balances);
  // As batches do that wait for the hold.
  const { background } = store.loops;
  for (let slot = 0; slot < background.size; slot += 1) await background.take();
  expect(await audit.verify(balances, { replays: 2 })).toMatchObject({ equal: true });
  expect(await runner.rebuild(balances, { switchIf: ({ equal }) => equal })).toMatchObject({
    outcome: 'switched',
  });
  for (let slot = 0; slot < background.size; slot += 1) background.free();
});

test('a pool of one connection is told to be too small to compare by', async ({ database, adminStore }) => {
  const options = { schema: adminStore.schema, maxConnections: 1 };
  await using store = openStore(database.connectionString, options);
  await using runner = createTestRunner(store, [balances]);
  await using audit = new ProjectionAudit({ store, runner, onIncident: () => {} });
  await runner.start();
  await store.append('account-2', [deposited(1)]);
  await runner.whenCaughtUp(balances);
  const refused = { code: 'REBUILD_REFUSED', message: expect.stringContaining('maxConnections') as string };
  await expect(audit.verify(balances)).rejects.toMatchObject(refused);
  await expect(runner.rebuild(balances, { switchIf: () => true })).rejects.toMatchObject(refused);
});
