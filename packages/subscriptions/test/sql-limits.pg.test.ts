import { failureOf } from '@leftfold/testbed/outcome';
import { expect } from 'vitest';
import { test } from './engine-test.ts';
import { createRunner, recorder } from './recorder.ts';

const register = (name: string, count: string, definition = `'{}'`) =>
  `_register_subscriptions(array[${name}], array[1], array[${count}]::integer[], array[to_jsonb(${definition}::text)], array['x'], array[null::jsonb])`;
const checkLeases = (owner: string, leaseMs: string) =>
  `_check_leases(${owner}, ${leaseMs}, '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}', '{}')`;

/** What no process asks for: a call, and the SQLSTATE. */
const calls: readonly (readonly [string, string])[] = [
  [register(`'many'`, '2147483647'), '23514'],
  [register(`'none'`, '0'), '23514'],
  [register(`'null'`, 'null'), '23502'],
  [register(`''`, '1'), '23514'],
  [register(`repeat('n', 301)`, '1'), '23514'],
  [register(`'large'`, '1', `repeat('x', 17000000)`), '22023'],
  [`_request_slices(array['limited'], array[1], array[1025])`, '23514'],
  [`_request_slices(array['limited'], array[1], array[2147483647])`, '23514'],
  [`_request_slices(array['limited'], array[1], array[0])`, '23514'],
  [`_request_slices(array['limited'], array[1], array[-1])`, '23514'],
  [`_seize_lease('limited', 1, 'me', 1e14, false)`, '22023'],
  [`_seize_lease('limited', 1, 'me', 'NaN', false)`, '22023'],
  [`_seize_lease('limited', 1, 'me', -1, false)`, '22023'],
  [`_seize_lease('limited', 1, 'me', null, false)`, '22023'],
  [`_seize_lease('limited', 1, repeat('x', 1001), 1000, false)`, '22023'],
  [checkLeases(`'me'`, '1e14'), '22023'],
  [checkLeases(`''`, '1000'), '22023'],
  [checkLeases(`repeat('x', 1000000)`, '1000'), '22023'],
];

test('what no process asks for is refused by the functions as well, at once', async ({ store }) => {
  const limited = recorder(store, 'limited');
  await createRunner(store, [limited]).migrate();
  for (const [call, code] of calls) {
    // Its own timeout shows that nothing is written row by row first.
    const statement = `set local statement_timeout = '10s'; select ${store.schema}.${call}`;
    expect(await failureOf(store.pool.query(statement)), call).toMatchObject({ code });
  }
  const { rows } = await store.pool.query(
    `select name, slices, next_slices from ${store.schema}.subscriptions`,
  );
  expect(rows).toEqual([{ name: 'limited', slices: 1, next_slices: null }]);
});

test('the most that a process asks for is not refused', async ({ store }) => {
  const widest = { ...recorder(store, 'n'.repeat(255)), slices: 1_024 };
  await createRunner(store, [widest]).migrate();
  const { rows } = await store.pool.query(
    `select count(*)::integer as count from ${store.schema}.subscriptions`,
  );
  expect(rows).toEqual([{ count: 1_024 }]);
});
