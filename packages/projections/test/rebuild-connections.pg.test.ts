import { balances, deposited } from '@leftfold/testbed/bank';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { expect } from 'vitest';
import { switchCopy } from '../src/rebuild/switch-copy.ts';
import { readCopies } from '../src/sql/copies.ts';
import { test } from './runner-test.ts';
import { createTestRunner, openStore, rowsOf } from './runner.ts';

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
