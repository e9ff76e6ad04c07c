import { defineProjection, defineTableProjection } from '@leftfold/core';
import { accountEvents } from './account.ts';

/** One row for each open account, folded in memory. `events` counts what led to the row. */
export const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint', events: 'integer' },
  key: ({ streamId }) => ({ account_id: streamId }),
  initialRow: { owner: '', cents: 0, events: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner, events: row.events + 1 }),
    'account.deposited': (row, { data }) => moved(row, data.cents),
    'account.withdrawn': (row, { data }) => moved(row, -data.cents),
    'account.closed': () => null,
  },
});

function moved<TRow extends { readonly cents: number; readonly events: number }>(row: TRow, cents: number) {
  return { ...row, cents: row.cents + cents, events: row.events + 1 };
}

/** The balances again, written in the transaction of the append. */
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

/** Every movement by its position, and every owner, written by handlers. */
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

/**
 * Each deposit by its position, as a statement that a handler returns: a repeated event is a unique violation, a lost
 * one a hole.
 */
export const journal = defineProjection({
  name: 'journal',
  events: [accountEvents],
  tables: { entry: { columns: { position: 'bigint', cents: 'bigint' }, primaryKey: ['position'] } },
  on: {
    'account.deposited': (tx, { position, data }) =>
      tx.insertInto('entry').values({ position, cents: data.cents }),
  },
});
