import { defineProjection, defineTableProjection } from '@leftfold/core';
import { accountEvents } from './account.ts';

/** One row for each account, folded in memory. Each version has its own table. */
export function balances(version: number) {
  return defineTableProjection({
    name: 'balances',
    version,
    events: [accountEvents],
    columns: { account_id: 'text', owner: 'text', cents: 'bigint', entries: 'integer' },
    key: ({ streamId }) => ({ account_id: streamId }),
    initialRow: { owner: '', cents: 0, entries: 0 },
    evolve: {
      'account.opened': (row, { data }) => ({ ...row, owner: data.owner, entries: row.entries + 1 }),
      'account.deposited': (row, { data }) => ({
        ...row,
        cents: row.cents + data.cents,
        entries: row.entries + 1,
      }),
      'account.withdrawn': (row, { data }) => ({
        ...row,
        cents: row.cents - data.cents,
        entries: row.entries + 1,
      }),
    },
  });
}

const statementTables = {
  balances: {
    columns: { account_id: 'text', owner: 'text', cents: 'bigint', entries: 'integer' },
    primaryKey: ['account_id'],
  },
} as const;

/** The same rows, written by handlers that return one statement for each event. */
export function statements(version: number) {
  return defineProjection({
    name: 'statements',
    version,
    events: [accountEvents],
    tables: statementTables,
    on: {
      'account.opened': (tx, { streamId, data }) =>
        tx.insertInto('balances').values({ account_id: streamId, owner: data.owner, cents: 0, entries: 1 }),
      'account.deposited': (tx, { streamId, data }) =>
        tx
          .updateTable('balances')
          .set(({ eb }) => ({ cents: eb('cents', '+', data.cents), entries: eb('entries', '+', 1) }))
          .where('account_id', '=', streamId),
    },
  });
}

/** The same statements, written by handlers that await each statement. */
export function awaitedStatements(version: number) {
  return defineProjection({
    name: 'awaited',
    version,
    events: [accountEvents],
    tables: statementTables,
    on: {
      'account.opened': (tx, { streamId, data }) =>
        tx
          .insertInto('balances')
          .values({ account_id: streamId, owner: data.owner, cents: 0, entries: 1 })
          .execute(),
      'account.deposited': (tx, { streamId, data }) =>
        tx
          .updateTable('balances')
          .set(({ eb }) => ({ cents: eb('cents', '+', data.cents), entries: eb('entries', '+', 1) }))
          .where('account_id', '=', streamId)
          .execute(),
    },
  });
}
