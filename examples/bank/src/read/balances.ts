import { aggregateIdOf, defineTableProjection } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';

/** One row for each account: its owner and its balance. */
export const balances = defineTableProjection({
  name: 'balances',
  events: [accountEvents],
  columns: { account_id: 'text', owner: 'text', cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: aggregateIdOf(streamId) }),
  initialRow: { owner: '', cents: 0 },
  evolve: {
    'account.opened': (row, { data }) => ({ ...row, owner: data.owner }),
    'account.deposited': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
    'account.withdrawn': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
    'account.transfer-sent': (row, { data }) => ({ ...row, cents: row.cents - data.cents }),
    'account.transfer-received': (row, { data }) => ({ ...row, cents: row.cents + data.cents }),
  },
});
