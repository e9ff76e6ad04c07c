import { balances } from '@leftfold/testbed/bank';
import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { test } from './runner-test.ts';
import { createTestRunner } from './runner.ts';

/** Arguments after the name and version, and the SQLSTATE or the outcome. `hash` is the one of the definition. */
const refused: readonly (readonly [string, string])[] = [
  ['hash, 0, null, true', '22023'],
  ['hash, -1, null, true', '22023'],
  ['hash, null, null, true', '22023'],
  ['hash, 1000000, null, true', '22023'],
  [`hash, 1, 'NaN', true`, '23514'],
  [`hash, 1, 'Infinity', true`, '23514'],
  ['hash, 1, 1e-300, true', '23514'],
];

test('a rebuild that no process asks for is refused by the function as well', async ({
  adminStore: store,
}) => {
  await using runner = createTestRunner(store, [balances]);
  await runner.migrate();
  const { schema } = store;
  const begin = (call: string) =>
    store.pool.query<{ begun: unknown }>(
      `select ${schema}.${call} as begun
         from (select definition_hash as hash from ${schema}.subscriptions) as live`,
    );
  for (const [call, code] of refused)
    expect(await failureOf(begin(`_begin_rebuild('balances', 1, ${call}, 'r')`)), call).toMatchObject({
      code,
    });
  const mismatched = [
    `_begin_rebuild('balances', 1, null, 1, null, true, 'r')`,
    `_begin_replay('balances', 1, null, array[0])`,
  ];
  for (const call of mismatched)
    expect((await begin(call)).rows, call).toEqual([{ begun: { outcome: 'mismatched' } }]);
  expect(await failureOf(begin(`_begin_replay('balances', 1, hash, null)`))).toMatchObject({ code: '22023' });
});
