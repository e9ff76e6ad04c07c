import { z } from 'zod';
import { createTestDatabase } from '@leftfold/testing/postgres';
import {
  type App,
  type AppOptions,
  createApp,
  defineAggregate,
  defineDecision,
  defineEvents,
  defineProjection,
  defineTableProjection,
  type MetadataSchema,
  reject,
} from '../src/index.ts';

const cents = z.int().positive();

export const accountEvents = defineEvents('account', {
  opened: z.object({ owner: z.string().min(1) }),
  deposited: z.object({ cents }),
  withdrawn: z.object({ cents }),
});

export const account = defineAggregate({
  events: accountEvents,
  initialState: { open: false, cents: 0 },
  evolve: {
    opened: (state) => ({ ...state, open: true }),
    deposited: (state, data) => ({ ...state, cents: state.cents + data.cents }),
    withdrawn: (state, data) => ({ ...state, cents: state.cents - data.cents }),
  },
  rejections: ['account-already-open', 'insufficient-funds'],
  commands: {
    open: {
      input: z.object({ owner: z.string().min(1) }),
      decide: (state, { owner }, emit) =>
        state.open ? reject('account-already-open') : emit.opened({ owner }),
    },
    deposit: { input: z.object({ cents }), decide: (_state, input, emit) => emit.deposited(input) },
    withdraw: {
      input: z.object({ cents }),
      decide: (state, input, emit) =>
        input.cents > state.cents ? reject('insufficient-funds') : emit.withdrawn(input),
    },
  },
});

export const transfer = defineDecision({
  name: 'transfer',
  aggregates: { from: account, to: account },
  input: z.object({ cents }),
  rejections: ['insufficient-funds'],
  decide: ({ from }, input, emit) =>
    input.cents > from.cents
      ? reject('insufficient-funds')
      : { from: emit.from.withdrawn(input), to: emit.to.deposited(input) },
});

export const balances = defineTableProjection({
  name: 'balances',
  version: 1,
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner }),
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
  },
});

export const openBalances = defineTableProjection({
  name: 'open_balances',
  mode: 'inline',
  events: [accountEvents],
  columns: { account_id: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { cents: 0 },
  evolve: {
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
  },
});

export const movements = defineProjection({
  name: 'movements',
  events: [accountEvents],
  tables: {
    movements: {
      columns: { position: 'bigint', account_id: 'text', cents: 'bigint' },
      primaryKey: ['position'],
    },
    owners: { columns: { account_id: 'text', owner: 'text' }, primaryKey: ['account_id'] },
  },
  on: {
    'account.opened': (tx, { streamId, data }) =>
      tx.insertInto('owners').values({ account_id: streamId, owner: data.owner }).execute(),
    'account.deposited': (tx, { position, streamId, data }) =>
      tx.insertInto('movements').values({ position, account_id: streamId, cents: data.cents }).execute(),
    'account.withdrawn': (tx, { position, streamId, data }) =>
      tx.insertInto('movements').values({ position, account_id: streamId, cents: -data.cents }).execute(),
  },
});

export const createDatabase = () => createTestDatabase();

type Bank = App<typeof account, typeof transfer, typeof balances | typeof openBalances | typeof movements>;

/** The bank's app, as one process runs it. */
export function startBank(
  url: string,
  options: Pick<
    AppOptions<[], [], [], MetadataSchema>,
    'database' | 'subscriptions' | 'schema' | 'onStart'
  > = {},
): Promise<Bank> {
  return createApp({
    aggregates: [account],
    decisions: [transfer],
    projections: [balances, openBalances, movements],
    ...options,
    database: {
      ...(options.database?.pool === undefined ? { url } : {}),
      maxConnections: 5,
      ...options.database,
    },
  });
}
