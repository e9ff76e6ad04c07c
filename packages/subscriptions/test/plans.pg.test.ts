import {
  beginTransaction,
  databaseTest,
  explainAll,
  JIT_ABOVE_COST,
  nodesOf,
  plansOfSession,
} from '@leftfold/testbed/database';
import { guarantee } from '@leftfold/testbed/guarantees';
import { expect } from 'vitest';
import { createRunner, freshStore } from './recorder.ts';

const test = databaseTest();

// So many that reading all rows is never the cheaper plan.
const SUBSCRIPTIONS = 3_000;
const SLICES = 8;
const PROCESSES = 20;
/** What the process that is looked at runs. */
const RUN = 5;

/** A database in which many processes run many subscriptions. */
const seed = (schema: string) => `
  insert into ${schema}.subscriptions (name, version, slice, slices, definition, definition_hash, owner, lease_until)
  select 'subscription-' || number, 1, slice, ${SLICES}, '{"eventTypes": ["counter.added"]}', 'hash', 'process-' || slice,
         clock_timestamp() + interval '1 hour'
    from generate_series(1, ${SUBSCRIPTIONS}) as number, generate_series(0, ${SLICES - 1}) as slice;
  insert into ${schema}.runners select 'process-' || number, clock_timestamp() + interval '1 hour'
    from generate_series(1, ${PROCESSES}) as number;
  insert into ${schema}.runner_subscriptions
  select 'subscription-' || number, 1, runner.owner, 'hash', 'release', false, true
    from generate_series(1, ${SUBSCRIPTIONS}) as number, ${schema}.runners as runner;
  analyze`;

test('a check of leases looks at what the process runs, and not at all subscriptions', async ({
  database,
}) => {
  guarantee('even-shares');
  await using store = await freshStore(database.connectionString);
  const { schema } = store;
  await createRunner(store, []).migrate();
  await using session = await beginTransaction(database.connectionString);
  const { client } = session;
  const explained = plansOfSession(client);
  await client.query(seed(schema));
  await explainAll(client);
  // One of its slices is held by this process, and one is free.
  await client.query(
    `update ${schema}.subscriptions set lease_until = null, owner = null where name = 'subscription-1' and slice = 1`,
  );
  explained.length = 0;
  const { rows } = await client.query<{ board: { taken: unknown[]; slices: unknown[]; runs: unknown[] } }>(
    `select ${schema}._check_leases('process-0', 60000, names, array_fill(1, array[${RUN}]),
                array_fill('hash'::text, array[${RUN}]), array_fill('release'::text, array[${RUN}]),
                array_fill(false, array[${RUN}]), array_fill(true, array[${RUN}]),
                array['subscription-1'], array[1], array[0], array[0]::bigint[],
                array['subscription-1'], array[1], array[1]) as board
         from (select array_agg('subscription-' || number) as names
                 from generate_series(1, ${RUN}) as number) as run`,
  );
  const board = rows[0]!.board;
  expect(board.taken).toHaveLength(1);
  expect(board.slices).toHaveLength(RUN * SLICES);
  expect(board.runs).toHaveLength(RUN * (PROCESSES + 1));
  const nodes = explained.flatMap(({ Plan }) => nodesOf(Plan));
  const whole = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
  // One row for each process; the others have one for each subscription.
  expect(whole.filter((relation) => relation !== 'runners')).toEqual([]);
  const looked = nodes.map((node) => (node['Actual Rows'] ?? 0) + (node['Rows Removed by Filter'] ?? 0));
  expect(Math.max(...looked)).toBeLessThanOrEqual(RUN * (PROCESSES + 1));
  expect(Math.max(...explained.map(({ Plan }) => Plan['Total Cost'] ?? Number.NaN))).toBeLessThan(
    JIT_ABOVE_COST,
  );
});

test('checkpoints that advance together are found by their keys, however many subscriptions there are', async ({
  database,
}) => {
  await using store = await freshStore(database.connectionString);
  const { schema } = store;
  await createRunner(store, []).migrate();
  await using session = await beginTransaction(database.connectionString);
  const { client } = session;
  const explained = plansOfSession(client);
  await client.query(seed(schema));
  await explainAll(client);
  explained.length = 0;
  const { rows } = await client.query<{ moved: number }>(
    `select cardinality(${schema}._advance_checkpoints('process-0', 60000, names, array_fill(1, array[${RUN}]),
                array_fill(0, array[${RUN}]), array_fill(0::bigint, array[${RUN}]),
                array_fill(0::bigint, array[${RUN}]), array_fill(1::bigint, array[${RUN}]),
                array_fill(null::text, array[${RUN}]))) as moved
       from (select array_agg('subscription-' || number) as names
               from generate_series(1, ${RUN}) as number) as run`,
  );
  expect(rows).toEqual([{ moved: RUN }]);
  const nodes = explained.flatMap(({ Plan }) => nodesOf(Plan));
  const whole = nodes.filter((node) => node['Node Type'] === 'Seq Scan').map((node) => node['Relation Name']);
  expect(whole.filter((relation) => relation !== 'log')).toEqual([]);
  expect(Math.max(...explained.map(({ Plan }) => Plan['Total Cost'] ?? Number.NaN))).toBeLessThan(
    JIT_ABOVE_COST,
  );
});
