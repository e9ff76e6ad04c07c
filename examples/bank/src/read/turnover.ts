import { aggregateIdOf, defineTableProjection } from '@leftfold/core';
import { accountEvents } from '../domain/account.ts';

/** One row for each account: the sums of incoming and outgoing money, and the number of movements. */
export const turnover = defineTableProjection({
  name: 'turnover',
  events: [accountEvents],
  columns: { account_id: 'text', movements: 'integer', in_cents: 'bigint', out_cents: 'bigint' },
  key: ({ streamId }) => ({ account_id: aggregateIdOf(streamId) }),
  initialRow: { movements: 0, in_cents: 0, out_cents: 0 },
  evolve: {
    'account.deposited': (row, { data }) => movedIn(row, data.cents),
    'account.transfer-received': (row, { data }) => movedIn(row, data.cents),
    'account.withdrawn': (row, { data }) => movedOut(row, data.cents),
    'account.transfer-sent': (row, { data }) => movedOut(row, data.cents),
  },
});

interface Turnover {
  readonly account_id: string;
  readonly movements: number;
  readonly in_cents: number;
  readonly out_cents: number;
}

function movedIn(row: Turnover, cents: number): Turnover {
  return { ...row, movements: row.movements + 1, in_cents: row.in_cents + cents };
}

function movedOut(row: Turnover, cents: number): Turnover {
  return { ...row, movements: row.movements + 1, out_cents: row.out_cents + cents };
}
