import type { NewEvent } from '@leftfold/core';
import { opened } from '@leftfold/testbed/bank';
import { beginTransaction } from '@leftfold/testbed/database';
import { pauseFunction } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import { untilBlocked } from '@leftfold/testing/postgres';
import pg from 'pg';
import { describe, expect, onTestFinished, vi } from 'vitest';
import type { PostgresEventStore } from '../src/index.ts';
import { openStore, positionsOf, test } from './store-test.ts';

const tagged = (...tags: readonly string[]): NewEvent => ({ ...opened, tags });

async function read(store: PostgresEventStore, ...tags: readonly [string, ...string[]]) {
  const { events, condition, era } = await store.readForDecision(
    tags.map((tag) => ({ tags: [tag] as const })),
  );
  return { seen: positionsOf(await collect(events)), context: { condition, era } };
}

describe('a read for a decision', () => {
  test('sees what its condition sees, while an append with other tags is in flight', async ({
    database,
    store,
  }) => {
    guarantee('decision-reads');
    await using open = await beginTransaction(database.connectionString);
    await store.append('account-import', [opened, tagged('import:1')], { transaction: open.client });
    const made: number[] = [];
    for (let number = 1; number <= 3; number += 1) {
      const { seen, context } = await read(store, 'course:c1');
      expect(seen).toEqual(made);
      const { position } = await store.append('account-course', [tagged('course:c1')], context);
      made.push(position);
    }
    expect(await store.highWaterMark()).toBeLessThan(made[0]!);
    await open.commit();
  });

  test('does not wait for an append of its tag, and the decision is made after that one', async ({
    database,
    store,
  }) => {
    guarantee('decision-reads', 'conditions-wait-for-appends-in-flight');
    const before = await store.append('account-a', [tagged('seat:1')]);
    await using open = await beginTransaction(database.connectionString);
    const first = await store.append('account-a', [tagged('seat:1')], { transaction: open.client });
    // Committed, above a position that can still appear: not part of what the decision rests on.
    const second = await store.append('account-b', [tagged('seat:1')]);
    const { seen, context } = await read(store, 'seat:1');
    expect(seen).toEqual([before.position]);
    const waiting = failureOf(store.append('account-decided', [opened], context));
    await untilBlocked(store.pool);
    await open.commit();
    expect(await waiting).toMatchObject({ code: 'APPEND_CONDITION_FAILED', position: second.position });
    const again = await read(store, 'seat:1');
    expect(again.seen).toEqual([before.position, first.position, second.position]);
    expect(await store.append('account-decided', [opened], again.context)).toMatchObject({
      streamVersion: 1,
    });
  });

  test('finds a writer by any of the tags that its queries begin with', async ({ database, store }) => {
    guarantee('decision-reads');
    await using open = await beginTransaction(database.connectionString);
    await store.append('account-any', [tagged('x', 'any:2')], { transaction: open.client });
    const { position } = await store.append('account-any-2', [tagged('any:1')]);
    expect((await read(store, 'any:1')).seen).toEqual([position]);
    expect((await read(store, 'any:1', 'any:2')).seen).toEqual([]);
    expect((await read(store, 'any:2', 'any:1')).seen).toEqual([]);
    await open.rollback();
    expect((await read(store, 'any:2', 'any:1')).seen).toEqual([position]);
  });

  test('counts a writer’s earliest append, whichever of its appends has the tag', async ({
    database,
    store,
  }) => {
    guarantee('decision-reads');
    await using open = await beginTransaction(database.connectionString);
    const { position } = await store.append('account-early', [tagged('early:1')], {
      transaction: open.client,
    });
    await store.append('account-between', [tagged('early:1')]);
    await store.append('account-late', [tagged('late:1')], { transaction: open.client });
    const { context } = await read(store, 'early:1');
    expect(context.condition.after).toBeLessThan(position);
    await open.commit();
    expect((await read(store, 'early:1')).seen).toHaveLength(2);
  });

  // The statements of the mark: the sequence, the locks, the newest event below both.
  test.for([2, 3])(
    'paused before statement %d misses no append of its tag',
    async (before, { database, store }) => {
      guarantee('decision-reads');
      const tag = `paused:${before}`;
      const ending = await beginTransaction(database.connectionString);
      await store.append(`account-ending-${before}`, [tagged(tag)], { transaction: ending.client });
      await using pause = await pauseFunction(database.connectionString, '_high_water_mark', before);
      await using reader = openStore(database.connectionString);
      const reading = read(reader, tag);
      await pause.reached();
      await ending.commit();
      const beginning = await beginTransaction(database.connectionString);
      const late = await store.append(`account-late-${before}`, [tagged(tag)], {
        transaction: beginning.client,
      });
      await store.append(`account-quick-${before}`, [tagged(tag)]);
      await pause.resume();
      const { seen, context: decided } = await reading;
      const { after } = decided.condition;
      expect(after).toBeLessThan(late.position);
      await beginning.commit();
      const { seen: all } = await read(store, tag);
      expect(seen).toEqual(all.filter((position) => position <= (after ?? 0)));
      expect(await failureOf(store.append('account-decided-late', [opened], decided))).toMatchObject({
        code: 'APPEND_CONDITION_FAILED',
      });
    },
  );
});

test('a read for a decision goes through a large log in several statements', async ({ store, pool }) => {
  guarantee('bounded-waits');
  const before = await store.append('account-far', [tagged('far:1')]);
  await pool.query(`select setval('leftfold.event_position', ${before.position + 70_000_000})`);
  const after = await store.append('account-far', [tagged('far:1')]);
  const query = vi.spyOn(pg.Client.prototype, 'query');
  onTestFinished(() => query.mockRestore());
  expect((await read(store, 'far:1')).seen).toEqual([before.position, after.position]);
  const statements = query.mock.calls.map(([statement]: unknown[]) => JSON.stringify(statement));
  expect(statements.filter((statement) => statement.includes('_find_events'))).toHaveLength(3);
});
