import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { RecordedEvent } from '@leftfold/core';
import type { PostgresEventStore } from '@leftfold/event-store';
import { balances, closed, deposited, movements, opened, withdrawn } from '@leftfold/testbed/bank';
import { killProcess, typescriptFlags } from '@leftfold/testbed/faults';
import { guarantee } from '@leftfold/testbed/guarantees';
import { collect, failureOf } from '@leftfold/testbed/outcome';
import type { Kysely } from 'kysely';
import { describe, expect } from 'vitest';
import { rowChanges } from '../src/history/row-changes.ts';
import { ProjectionAudit, type ProjectionRunner } from '../src/index.ts';
import { test } from './runner-test.ts';
import { createTestRunner } from './runner.ts';

const auditOf = (store: PostgresEventStore, runner: ProjectionRunner) =>
  new ProjectionAudit({ store, runner, onIncident: () => {} });

/** The schemas and subscriptions of replays that there are. */
async function replaysOf({ pool, schema }: PostgresEventStore): Promise<readonly string[]> {
  const { rows } = await pool.query<{ name: string }>(`
    select nspname as name from pg_namespace where nspname ~ '^${schema}__[0-9a-f]{16}$'
    union all select name from ${schema}.subscriptions where name ~ '[+][0-9a-f]{16}$'`);
  return rows.map(({ name }) => name);
}

const events = [opened, deposited(3), withdrawn(1), closed, deposited(8)];

describe('a projection as of a moment', () => {
  test('has the rows that a fold gives, at each position', async ({ adminStore: store }) => {
    guarantee('as-of');
    const sliced = { ...balances, slices: 2 };
    await using runner = createTestRunner(store, [sliced]);
    await using audit = auditOf(store, runner);
    await runner.start();
    for (let n = 0; n < 40; n += 1) await store.append(`account-${n % 3}`, [events[(n * 7) % 5]!]);
    const log: readonly RecordedEvent[] = await collect(store.readAll());
    const last = log.at(-1)!.position;
    for (const position of [0, log[0]!.position, log[13]!.position, log[14]!.position, last]) {
      await using past = await audit.asOf(sliced, { position });
      expect(past.position).toBe(position);
      const expected = [];
      for (let n = 0; n < 3; n += 1) {
        const streamId = `account-${n}`;
        if (!log.some((event) => event.streamId === streamId && event.position <= position)) continue;
        const changes = rowChanges(store, balances, { account_id: streamId }, { atPosition: position });
        const row = (await collect(changes)).at(-1)?.after;
        if (row !== undefined) expected.push(row);
      }
      expect(await past.query().orderBy('account_id').execute()).toEqual(expected);
      await store.append('account-1', [deposited(1)]);
      expect(await past.query().orderBy('account_id').execute()).toEqual(expected);
    }
    expect(await replaysOf(store)).toEqual([]);
  });

  test('by time has what was recorded until then', async ({ adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    await using audit = auditOf(store, runner);
    await runner.migrate();
    await store.append('account-1', [deposited(1)]);
    await store.append('account-1', [deposited(2)]);
    const log: readonly RecordedEvent[] = await collect(store.readAll());
    const [first, second] = log;
    const after = (event: RecordedEvent | undefined, ms: number) =>
      new Date(event!.recordedAt.getTime() + ms);
    for (const [time, position] of [
      [after(first, -1_000), 0],
      [after(second, 1_000), second!.position],
    ] as const) {
      await using past = await audit.asOf(balances, { time });
      expect(past.position).toBe(position);
    }
  });

  test('is queried like the projection, with tables of handlers and jsonb, and only reads', async ({
    adminStore: store,
  }) => {
    await using runner = createTestRunner(store, [movements]);
    await using audit = auditOf(store, runner);
    await runner.migrate();
    const { position } = await store.append('account-1', [opened, deposited(5)]);
    await store.append('account-1', [deposited(6)]);
    await using past = await audit.asOf(movements, { position });
    const rows = await past
      .query()
      .selectFrom('movements')
      .innerJoin('owners', 'owners.account_id', 'movements.account_id')
      .select(['owner', 'cents'])
      .execute();
    expect(rows).toEqual([{ owner: 'Ada', cents: 5 }]);
    const writing = past.query() as unknown as Kysely<{ movements: object }>;
    await expect(writing.deleteFrom('movements').execute()).rejects.toThrow('read-only');
    await past[Symbol.asyncDispose]();
    expect(await failureOf(past.query().selectFrom('owners').selectAll().execute())).toMatchObject({
      code: 'CLOSED',
      message: expect.stringMatching(/^the copy of projection "\w+" at position \d+ is closed/),
    });
  });

  test('is dropped with the audit, and refused for no moment', async ({ adminStore: store }) => {
    await using runner = createTestRunner(store, [balances]);
    const audit = auditOf(store, runner);
    await runner.migrate();
    const { position } = await store.append('account-1', [deposited(1)]);
    await audit.asOf(balances, { position });
    expect(await replaysOf(store)).toHaveLength(2);
    for (const moment of [
      {},
      { position, time: new Date() },
      { position: position + 1 },
      { position: -1 },
      null,
    ])
      expect(await failureOf(audit.asOf(balances, moment as never))).toMatchObject({
        code: 'INVALID_ARGUMENT',
      });
    await audit.close();
    expect(await replaysOf(store)).toEqual([]);
    expect(await failureOf(audit.asOf(balances, { position }))).toMatchObject({ code: 'CLOSED' });
  });

  test('that a killed process has left behind is dropped by the next call, and no other one', async ({
    database,
    adminStore: store,
  }) => {
    await using runner = createTestRunner(store, [balances]);
    await using audit = auditOf(store, runner);
    await runner.migrate();
    const { position } = await store.append('account-1', [deposited(1)]);
    const worker = fileURLToPath(new URL('./verifying-process.ts', import.meta.url));
    const child = spawn(
      process.execPath,
      [...typescriptFlags, worker, database.connectionString, store.schema],
      {
        stdio: ['ignore', 'pipe', 'inherit'],
      },
    );
    await once(child.stdout, 'data');
    await killProcess(child);
    const left = await replaysOf(store);
    expect(left).toHaveLength(2);
    await using kept = await audit.asOf(balances, { position });
    expect(await replaysOf(store)).toHaveLength(4);
    // As if two minutes had passed since.
    await store.pool.query(
      `update ${store.schema}.subscriptions
          set advanced_at = advanced_at - interval '3 minutes', lease_until = lease_until - interval '3 minutes'
        where name = any ($1)`,
      [left],
    );
    expect(await audit.verify(balances)).toMatchObject({ equal: true });
    const now = await replaysOf(store);
    expect(now).toHaveLength(2);
    expect(now.filter((name) => left.includes(name))).toEqual([]);
    expect(await kept.query().execute()).toHaveLength(1);
  });
});
