import {
  type AnyAggregate,
  type AnyProcess,
  aggregateIdOf,
  defineEvents,
  defineProcess,
} from '@leftfold/core';
import { createCommandExecutor } from '@leftfold/commands';
import { createEventStore } from '@leftfold/event-store';
import { createProcessRunner, processAggregates } from '@leftfold/processes';
import type pg from 'pg';
import { z } from 'zod';
import { account } from '../domain/account.ts';
import { accountIdOf } from '../log/fill-log.ts';
import { freshTable } from '../log/fresh-log.ts';
import type { BenchDatabase } from '../server/database-server.ts';

const orderEvents = defineEvents('order', { placed: z.object({ account: z.string() }) });

/** Orders are paid into so many accounts: commands on one of them follow each other. */
const ACCOUNTS = 1_000;
/** Appends under way while orders are placed, which is not measured. */
const PLACED_AT_ONCE = 64;
const YEAR_MS = 365 * 24 * 3_600_000;

export const accountOf = (number: number) => accountIdOf(number % ACCOUNTS);
export const payInto = (accountId: string) =>
  account.command.deposit(accountId, { cents: 100, reference: 'an order', note: 'paid for an order' });

/** One command for each order. */
export const payment = defineProcess({
  name: 'payment',
  events: [orderEvents],
  starts: ['order.placed'],
  correlate: { 'order.placed': ({ streamId }) => aggregateIdOf(streamId) },
  initialState: { account: '' },
  evolve: { 'order.placed': (_state, { data }) => ({ account: data.account }) },
  react: { 'order.placed': (state, _input, out) => out.execute(payInto(state.account)) },
  start: 'beginning',
});

/** The same when a deadline is due, in a year. */
export const latePayment = defineProcess({
  name: 'late_payment',
  events: [orderEvents],
  deadlines: ['pay'],
  starts: ['order.placed'],
  correlate: { 'order.placed': ({ streamId }) => aggregateIdOf(streamId) },
  initialState: { account: '' },
  evolve: { 'order.placed': (_state, { data }) => ({ account: data.account }) },
  react: {
    'order.placed': (_state, _input, out) => out.schedule('pay', { afterMs: YEAR_MS }),
    deadline: (state, _input, out) => out.execute(payInto(state.account)),
  },
  start: 'beginning',
});

/** An empty log, with what executes commands and runs processes on it. */
export async function openShop(database: BenchDatabase, processes: readonly AnyProcess[], pool?: pg.Pool) {
  await freshTable(database);
  const aggregates: readonly AnyAggregate[] = [account, ...processAggregates(processes)];
  const events = [orderEvents, ...aggregates.map((aggregate) => aggregate.events)];
  const { connectionString } = database;
  const store = createEventStore(pool === undefined ? { events, connectionString } : { events, pool });
  const executor = createCommandExecutor({ store, aggregates });
  const runner = createProcessRunner({
    store,
    processes,
    execute: (command, options) => executor.execute(command, options),
  });
  await runner.migrate();
  const place = async (count: number) => {
    let next = 0;
    const placeSome = async () => {
      for (let number = next++; number < count; number = next++)
        await store.append(`order-${number}`, [orderEvents.create.placed({ account: accountOf(number) })]);
    };
    await Promise.all(Array.from({ length: PLACED_AT_ONCE }, placeSome));
  };
  const countPaid = async () => {
    const paid = await store.pool.query<{ count: number }>(
      `select count(*)::integer as count from leftfold.events where type = 'account.deposited'`,
    );
    return paid.rows[0]?.count ?? 0;
  };
  return {
    store,
    executor,
    runner,
    place,
    countPaid,
    async [Symbol.asyncDispose]() {
      await runner.stop();
      await store.close();
    },
  };
}

export type Shop = Awaited<ReturnType<typeof openShop>>;

/** Until all inputs are recorded, and then all that follows from them is done. */
export async function untilDone({ runner }: Shop, process: AnyProcess): Promise<void> {
  for (let stage = 0; stage < 2; stage += 1) await runner.whenCaughtUp(process, { timeoutMs: 600_000 });
}

/** @throws Error when there is another number of payments */
export async function assertPaid(shop: Shop, count: number): Promise<void> {
  const paid = await shop.countPaid();
  if (paid !== count) throw new Error(`${paid} payments were made for ${count} orders`);
}
