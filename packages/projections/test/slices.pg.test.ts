import { defineEvents, defineProjection, defineTableProjection } from '@leftfold/core';
import { createEventStore } from '@leftfold/event-store';
import { guarantee } from '@leftfold/testbed/guarantees';
import { until } from '@leftfold/testing/postgres';
import { sql } from 'kysely';
import { describe, expect } from 'vitest';
import { z } from 'zod';
import { createProjectionRunner, projectionSchema } from '../src/index.ts';
import { test } from './runner-test.ts';

const transferEvents = defineEvents('transfer', {
  made: z.object({ from: z.string(), to: z.string(), cents: z.int() }),
});
const { made } = transferEvents.create;

/** Each event changes two rows, which can be in different slices. */
const balances = (slices: number) =>
  defineTableProjection({
    name: 'sliced_balances',
    events: [transferEvents],
    columns: { account: 'text', cents: 'bigint', transfers: 'integer' },
    key: ({ data }) => [{ account: data.from }, { account: data.to }],
    initialRow: { cents: 0, transfers: 0 },
    evolve: {
      'transfer.made': (row, { data }) => ({
        ...row,
        cents: row.cents + (row.account === data.to ? data.cents : -data.cents),
        transfers: row.transfers + 1,
      }),
    },
    slices,
  });

/** Adds: an event that is applied twice would be seen. */
const sums = (slices: number) =>
  defineProjection({
    name: 'sliced_sums',
    events: [transferEvents],
    tables: { sums: { columns: { account: 'text', cents: 'bigint' }, primaryKey: ['account'] } },
    on: {
      'transfer.made': (tx, { data }) =>
        tx
          .insertInto('sums')
          .values({ account: data.to, cents: data.cents })
          .onConflict((conflict) =>
            conflict.column('account').doUpdateSet({ cents: sql<number>`sums.cents + ${data.cents}` }),
          ),
    },
    key: ({ data }) => data.to,
    slices,
  });

describe('a projection with slices', () => {
  test('has the rows of one without, in several processes and while their number changes', async ({
    database,
    adminStore,
  }) => {
    guarantee('sliced-projections');
    const { schema } = adminStore;
    const open = () =>
      createEventStore({ connectionString: database.connectionString, schema, events: [transferEvents] });
    await using store = open();
    await using other = open();
    const options = { leaseMs: 600, onIncident: () => {} };
    const run = (on: typeof store, slices: number, owner: string) =>
      createProjectionRunner({ ...options, owner, store: on, projections: [balances(slices), sums(slices)] });
    await using first = run(store, 3, 'first');
    await using second = run(other, 3, 'second');
    await first.start();
    await second.start();
    const expected = new Map<string, { cents: number; transfers: number }>();
    const transfer = async (round: number) => {
      const transfers = Array.from({ length: 20 }, (_, index) => ({
        from: `account ${(index * 7 + round) % 23}`,
        to: `account ${(index * 11 + 3 * round + 1) % 29}`,
        cents: index + round,
      }));
      await Promise.all(
        transfers.map((one, index) => store.append(`transfer-${round}-${index}`, [made(one)])),
      );
      for (const { from, to, cents } of transfers) {
        for (const account of new Set([from, to])) {
          const row = expected.get(account) ?? { cents: 0, transfers: 0 };
          row.cents += account === to ? cents : -cents;
          row.transfers += 1;
          expected.set(account, row);
        }
      }
    };
    for (let round = 0; round < 5; round += 1) await transfer(round);
    await until(
      async () => (await first.status())[0]?.slices.some(({ owner }) => owner?.startsWith('second')),
      {
        timeoutMs: 20_000,
      },
    );
    await using third = run(store, 5, 'third');
    await third.start();
    for (let round = 5; round < 10; round += 1) await transfer(round);
    await until(async () => (await third.status()).every(({ slices }) => slices.length === 5), {
      timeoutMs: 20_000,
    });
    for (let round = 10; round < 12; round += 1) await transfer(round);
    for (const projection of [balances(5), sums(5)])
      await third.whenCaughtUp(projection, { timeoutMs: 20_000 });
    const rowsOf = async (name: string, table: string) => {
      const from = sql.id(projectionSchema(schema, { name, version: 1 }), table);
      return (
        await sql<Record<string, unknown>>`select * from ${from} order by account collate "C"`.execute(
          store.db,
        )
      ).rows;
    };
    const sorted = [...expected].toSorted(([one], [other_]) => (one < other_ ? -1 : 1));
    expect(await rowsOf('sliced_balances', 'sliced_balances')).toEqual(
      sorted.map(([account, row]) => ({ account, cents: row.cents, transfers: row.transfers })),
    );
    const total = (await rowsOf('sliced_sums', 'sums')).reduce((sum, row) => sum + Number(row['cents']), 0);
    const made_ = Array.from({ length: 12 }, (_, round) => 20 * round + 190).reduce((sum, one) => sum + one);
    expect(total).toBe(made_);
  });

  test('cannot be inline', () => {
    expect(() =>
      defineTableProjection({
        name: 'inline_slices',
        events: [transferEvents],
        columns: { account: 'text', cents: 'bigint' },
        key: ({ data }) => ({ account: data.to }),
        initialRow: { cents: 0 },
        evolve: { 'transfer.made': () => null },
        mode: 'inline',
        slices: 2,
      }),
    ).toThrow(/inline and cannot have slices/);
  });
});
