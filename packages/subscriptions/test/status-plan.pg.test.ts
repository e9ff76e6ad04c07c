import { guarantee } from '@leftfold/testbed/guarantees';
import { databaseTest } from '@leftfold/testbed/database';
import { expect } from 'vitest';
import { createRunner, openStore, recorder } from './recorder.ts';

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Total Cost': number;
  readonly Plans?: readonly PlanNode[];
}

const EVENTS = 100_000;
/** The default of `jit_above_cost`: a server with JIT compiles a statement of that cost, for some milliseconds. */
const JIT_ABOVE_COST = 100_000;

const nodesOf = (plan: PlanNode): readonly PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

const test = databaseTest();

test('the status of subscriptions on 100,000 events looks at the next thousand', async ({
  database,
  pool,
}) => {
  guarantee('indexed-statements');
  await using store = openStore(database.connectionString);
  await store.migrate();
  // One that is at the end, one that has to apply all, and one whose events are rare.
  const subscriptions = [
    recorder(store, 'ended'),
    recorder(store, 'behind'),
    recorder(store, 'rare', { eventTypes: ['counter.noted'] }),
  ];
  await createRunner(store, subscriptions).migrate();
  await pool.query(
    `insert into ${store.schema}.events
     select nextval('${store.schema}.event_position'), number, clock_timestamp(), 1, 'counter-1', 'seed-' || number,
            'counter.added', '{"amount": 1}', '{}', '{}'
       from generate_series(1, $1::integer) as number`,
    [EVENTS],
  );
  await pool.query(`update ${store.schema}.subscriptions set position = $1 where name = 'ended'`, [EVENTS]);
  await pool.query(`analyze ${store.schema}.events`);
  const text = `select * from ${store.schema}.subscription_status`;
  const { rows } = await pool.query<{ 'QUERY PLAN': [{ readonly Plan: PlanNode }] }>(
    `explain (analyze, format json) ${text}`,
  );
  const plan = rows[0]!['QUERY PLAN'][0].Plan;
  expect(plan['Total Cost']).toBeLessThan(JIT_ABOVE_COST);
  const ofEvents = nodesOf(plan).filter((node) => node['Relation Name'] === 'events');
  expect(new Set(ofEvents.map((node) => node['Node Type']))).not.toContain('Seq Scan');
  const looked = ofEvents.map((node) => node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0));
  expect(Math.max(...looked)).toBeLessThanOrEqual(1_000);
  const { rows: found } = await pool.query(`select name, lag::int from (${text}) as status order by name`);
  expect(found).toEqual([
    { name: 'behind', lag: EVENTS },
    { name: 'ended', lag: 0 },
    { name: 'rare', lag: EVENTS },
  ]);
  const began = performance.now();
  for (let round = 0; round < 20; round += 1) await pool.query(text);
  expect((performance.now() - began) / 20).toBeLessThan(200);
});
