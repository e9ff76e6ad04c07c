import { databaseTest, JIT_ABOVE_COST } from '@leftfold/testbed/database';
import { describe, expect } from 'vitest';
import { createEventStore } from '@leftfold/event-store';
import { createSubscriptionRunner } from '../src/index.ts';
import { readDueFailureAt, readDueFailures } from '../src/sql/due.ts';
import { listParkedKeys } from '../src/sql/list-parked.ts';
import { asideColumn, readParkedHeads, readParkedPositions } from '../src/sql/parked.ts';
import type { SchemaConnection } from '../src/sql/schema-connection.ts';
import { counterEvents } from './recorder.ts';

interface PlanNode {
  readonly 'Total Cost': number;
  readonly 'Relation Name'?: string;
  readonly 'Actual Rows'?: number;
  readonly 'Actual Loops'?: number;
  readonly 'Rows Removed by Filter'?: number;
  readonly 'Rows Removed by Index Recheck'?: number;
  readonly Plans?: readonly PlanNode[];
}

const KEYS = 9_000;
const SLICES = 4;
/** Keys that wait for their next attempt, beside the others. */
const DUE = 3;
const modes = ['force_custom_plan', 'force_generic_plan'] as const;
const ref = { name: 'parks', version: 1 };

const nodesOf = (plan: PlanNode): readonly PlanNode[] => [plan, ...(plan.Plans ?? []).flatMap(nodesOf)];

/** A subscription with thousands of parked keys, an event each, in tables that were never analyzed. */
const test = databaseTest().extend('parked', { scope: 'file' }, async ({ database }, { onCleanup }) => {
  const { connectionString } = database;
  const store = createEventStore({ connectionString, events: [counterEvents] });
  await store.migrate();
  await createSubscriptionRunner({ store, subscriptions: [] }).migrate();
  const client = await store.pool.connect();
  const plans: PlanNode[] = [];
  client.on('notice', ({ message = '' }) => {
    const json = message.indexOf('{');
    if (message.includes('plan:') && json > 0)
      plans.push((JSON.parse(message.slice(json)) as { Plan: PlanNode }).Plan);
  });
  onCleanup(() => {
    client.release();
    return store[Symbol.asyncDispose]();
  });
  for (const table of ['subscriptions', 'parked_keys', 'parked_events'])
    await client.query(`alter table leftfold.${table} set (autovacuum_enabled = off)`);
  await client.query(`
    insert into leftfold.subscriptions (name, version, slice, slices, definition, definition_hash)
    select 'parks', 1, slice, ${SLICES}, '{}', 'x' from generate_series(0, ${SLICES - 1}) as slice;
    insert into leftfold.parked_keys
           (name, version, slice, key, failed_position, failed_type, failed_message, release, attempts)
    select 'parks', 1, number % ${SLICES}, 'key-' || number, number, 'counter.added', 'down', 'r', 1
      from generate_series(1, ${KEYS}) as number;
    insert into leftfold.parked_events (name, version, slice, key, position)
    select name, version, slice, key, failed_position from leftfold.parked_keys;
    update leftfold.parked_keys set resume_at = clock_timestamp() where failed_position % ${KEYS / DUE} = 0`);
  await client.query(`
    load 'auto_explain';
    set auto_explain.log_min_duration = 0;
    set auto_explain.log_analyze = on;
    set auto_explain.log_nested_statements = on;
    set auto_explain.log_format = json;
    set auto_explain.log_level = notice`);
  /** Rows of a table that the statements of `work` looked at. */
  const lookedAt = async (work: () => Promise<unknown>, table = 'parked_events'): Promise<number> => {
    // Otherwise the index still leads to rows as they were before.
    await client.query('vacuum leftfold.parked_keys');
    plans.length = 0;
    await work();
    expect(plans.length).toBeGreaterThan(0);
    expect(Math.max(...plans.map((plan) => plan['Total Cost']))).toBeLessThan(JIT_ABOVE_COST);
    return plans
      .flatMap(nodesOf)
      .filter((node) => node['Relation Name'] === table)
      .map((node) => (node['Actual Loops'] ?? 1) * ((node['Actual Rows'] ?? 0) + removed(node)))
      .reduce((sum, rows) => sum + rows, 0);
  };
  const run: SchemaConnection['run'] = async ({ text, values }) =>
    (await client.query({ text, values: [...values] })).rows;
  return { client, lookedAt, connection: { schema: 'leftfold', run } };
});

function removed(node: PlanNode): number {
  return (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0);
}

describe.each(modes)('while tables with thousands of parked events have no statistics, with %s', (mode) => {
  test.beforeEach(async ({ parked }) => {
    await parked.client.query(`set plan_cache_mode = ${mode}`);
  });

  test('a list looks at the events of its keys only', async ({ parked: { lookedAt, connection } }) => {
    const page = { after: undefined, limit: 1_000 };
    expect(await lookedAt(() => listParkedKeys(connection, ref, page))).toBe(1_000);
  });

  test('the next events of keys are found by their keys', async ({ parked: { lookedAt, connection } }) => {
    const heads = { keys: ['key-4', 'key-8000', 'key-8'], limit: 2 };
    expect(await lookedAt(() => readParkedHeads(connection, { ...ref, slice: 0 }, heads))).toBe(3);
  });

  test('the events of a key are found in whichever slice it is', async ({
    parked: { lookedAt, connection },
  }) => {
    const page = { key: 'key-8001', after: 0, limit: 10 };
    expect(await lookedAt(() => readParkedPositions(connection, ref, page))).toBeLessThanOrEqual(SLICES);
  });

  test('a key is freed, with its events, by its key', async ({ parked: { client, lookedAt } }) => {
    const change = { resumed: [{ key: 'key-12', position: 12 }], freed: ['key-12', 'key-16'] };
    const changing = async () => {
      await client.query('begin');
      await client.query(
        `select leftfold._are_parked('parks', 1, 0, $1::jsonb -> 'resumed'), leftfold._change_parked('parks', 1, 0, $1)`,
        [change],
      );
      await client.query('rollback');
    };
    expect(await lookedAt(changing)).toBeLessThanOrEqual(4);
  });

  test('what failed last is found among the keys that wait', async ({ parked: { lookedAt, connection } }) => {
    const read = () => readDueFailures(connection, [ref]);
    expect(await read()).toMatchObject([{ ...ref, type: 'counter.added', attempts: 1, message: 'down' }]);
    expect(await lookedAt(read, 'parked_keys')).toBe(DUE);
  });

  test('why an event waits is found by its position and its key', async ({
    parked: { lookedAt, connection },
  }) => {
    const read = () => readDueFailureAt(connection, ref, KEYS / DUE);
    expect(await read()).toMatchObject({ type: 'counter.added', message: 'down' });
    expect(await lookedAt(read)).toBe(1);
    expect(await lookedAt(read, 'parked_keys')).toBe(1);
    const other = () => readDueFailureAt(connection, ref, 1);
    expect(await other()).toBeUndefined();
    expect(await lookedAt(other, 'parked_keys')).toBe(1);
  });

  test('the status looks at the keys that wait only', async ({ parked: { client, lookedAt } }) => {
    const read = () => client.query('select * from leftfold.subscription_status');
    // Rows of each slice are rounded.
    expect(await lookedAt(read, 'parked_keys')).toBeLessThanOrEqual(SLICES);
  });

  test('whether an event was set aside is found by its position', async ({
    parked: { client, lookedAt },
  }) => {
    const aside = asideColumn('leftfold', { name: '$1', version: '$2', position: '$3' });
    expect(await lookedAt(() => client.query(`select ${aside}`, ['parks', 1, 8_000]))).toBe(1);
  });
});
